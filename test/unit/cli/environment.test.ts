import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { adoptPlatform, type Environment } from '../../../src/cli/environment.ts';
import { runAddress } from '../../../src/cli/run-address.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('the platform of a checkout', () => {
  it('is not looked for where DATABASE_URL is set', async () => {
    const env: Environment = { DATABASE_URL: 'postgres://db/imprint', IMPRINT_STATE_DIR: '/nonexistent' };
    expect(await adoptPlatform(env)).toBe(true);
    expect(Object.keys(env)).toEqual(['DATABASE_URL', 'IMPRINT_STATE_DIR']);
  });

  it('is not found in a state directory in which nothing runs, and nothing is made there', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'imprint-cli-'));
    await rm(directory, { recursive: true });
    const env: Environment = { IMPRINT_STATE_DIR: directory };
    expect(await adoptPlatform(env)).toBe(false);
    expect(Object.keys(env)).toEqual(['IMPRINT_STATE_DIR']);
    await expect(rm(directory)).rejects.toThrow(/ENOENT/);
  });
});

describe('the address of a run', () => {
  it('is its page in Temporal’s UI, and absent where the UI is not known', () => {
    vi.stubEnv('TEMPORAL_NAMESPACE', 'labs');
    expect(runAddress({ IMPRINT_TEMPORAL_UI: 'http://ui:8233/' }, 'captureImage/lab-07/k')).toBe(
      'http://ui:8233/namespaces/labs/workflows/captureImage%2Flab-07%2Fk',
    );
    expect(runAddress({ IMPRINT_TEMPORAL_UI: undefined }, 'captureImage/lab-07/k')).toBeUndefined();
  });
});
