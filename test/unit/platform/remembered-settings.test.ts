import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { forgetSettings, rememberedSettings, rememberSettings } from '../../../src/platform/remembered-settings.ts';
import { openStateDirectory, type StateDirectory } from '../../../src/platform/state-directory.ts';

describe('what a state directory remembers for the command line', () => {
  let state: StateDirectory;
  beforeAll(async () => {
    state = await openStateDirectory(await mkdtemp(join(tmpdir(), 'imprint-remembered-')));
  });
  afterAll(async () => await rm(state.path, { recursive: true }));

  it('is the worker of `up` before that of a kept demo, and nothing once both are forgotten', async () => {
    await rememberSettings(state, 'demo', { IMPRINT_MANAGEMENT_NODE: 'demo' });
    await rememberSettings(state, 'up', { IMPRINT_MANAGEMENT_NODE: 'local' });
    expect(await rememberedSettings(state.path)).toEqual({ IMPRINT_MANAGEMENT_NODE: 'local' });

    await forgetSettings(state, 'up');
    expect(await rememberedSettings(state.path)).toEqual({ IMPRINT_MANAGEMENT_NODE: 'demo' });

    await forgetSettings(state, 'demo');
    await forgetSettings(state, 'demo');
    expect(await rememberedSettings(state.path)).toEqual({});
  });

  it('is read by its owner alone, since a database’s password is in it', async () => {
    await rememberSettings(state, 'demo', { DATABASE_URL: 'postgresql://postgres:secret@127.0.0.1/imprint_demo' });
    expect((await stat(join(state.path, 'kept-demo.json'))).mode & 0o777).toBe(0o600);
  });
});
