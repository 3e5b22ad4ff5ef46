import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { InvalidInputError } from '../../../src/domain/errors.ts';
import { openStateDirectory, packageRoot, stateDirectoryPath } from '../../../src/platform/state-directory.ts';
import { makeReadOnly } from '../../support/read-only.ts';

let parent: string;

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'imprint-state-'));
});
afterEach(async () => await rm(parent, { recursive: true, force: true }));

describe('the state directory', () => {
  it('is .imprint of the checkout, or where the environment says', () => {
    expect(stateDirectoryPath({})).toBe(join(packageRoot(), '.imprint'));
    expect(stateDirectoryPath({ IMPRINT_STATE_DIR: '/srv/state' })).toBe('/srv/state');
  });

  it('is open to its owner only', async () => {
    const state = await openStateDirectory(join(parent, 'a'));

    expect((await stat(state.path)).mode & 0o777).toBe(0o700);
    expect((await stat(await state.directory('inside'))).mode & 0o777).toBe(0o700);
  });

  it('is refused when it is read-only, when it cannot be made there, and when it is no directory', async () => {
    const state = join(parent, 'state');
    const file = join(parent, 'file');
    await mkdir(state);
    await writeFile(file, '');
    const mend = await makeReadOnly(state);
    try {
      for (const path of [state, join(state, 'inside'), file]) {
        const refused = openStateDirectory(path);
        await expect(refused).rejects.toBeInstanceOf(InvalidInputError);
        await expect(refused).rejects.toThrow(
          `use the state directory ${path}: it cannot be made, or not be written to`,
        );
      }
      expect(await readdir(state)).toEqual([]);
    } finally {
      await mend();
    }
    // Control: once it is mended, both can be used.
    for (const path of [state, join(state, 'inside')]) expect((await openStateDirectory(path)).path).toBe(path);
  });

  it('gives the same port again, to another process too', async () => {
    const port = await (await openStateDirectory(parent)).freePort('temporal');
    const again = await openStateDirectory(parent);

    expect(await again.freePort('temporal')).toBe(port);
    expect(await again.rememberedPort('temporal')).toBe(port);
    expect(await again.rememberedPort('other')).toBeUndefined();
  });

  it('gives different ports to different services', async () => {
    const state = await openStateDirectory(parent);
    const ports = [await state.freePort('a'), await state.freePort('b'), await state.freePort('c')];

    expect(new Set(ports).size).toBe(3);
  });

  it('gives another port when somebody else listens on the remembered one', async () => {
    const state = await openStateDirectory(parent);
    const port = await state.freePort('a');
    const server = await listen(port);

    expect(await state.freePort('a')).not.toBe(port);

    server.close();
  });
});

async function listen(port: number): Promise<Server> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return server;
}
