import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { packageRoot } from '../../../src/platform/state-directory.ts';
import { skipWithout } from '../../support/unavailable.ts';

const steps = join(packageRoot(), 'src/imaging/environment/agent/steps.sh');
let directory: string;
/** What the step is to find when it has mounted a file system; or a file that is none. */
let volume: string;

beforeEach(async (context) => {
  skipWithout(context, 'bareMetal');
  directory = await mkdtemp(join(tmpdir(), 'imprint-host-keys-'));
  volume = join(directory, 'volume');
});
afterEach(async () => await rm(directory, { recursive: true, force: true }));

/** The step in a mount namespace of its own, where busybox is all that there is; `mount`: how it mounts. */
async function makeHostKeys(mount: string) {
  const script = `PATH=/nowhere; mount() { ${mount}; }
. "$1" && make_host_keys "$2" ext4`;
  return await execa('unshare', ['-m', 'busybox', 'sh', '-c', script, 'keys', steps, volume], { reject: false });
}

describe('the step that makes host keys', () => {
  it('leaves out a file system that cannot be mounted, and says so: it may be one of data', async () => {
    await writeFile(volume, 'no file system');
    const { exitCode, stdout } = await makeHostKeys('command mount -o loop "$3" "$4"');
    expect(exitCode).toBe(0);
    expect(stdout).toBe(`note: ${volume} (ext4) cannot be mounted here: no system was looked for in it`);
  });

  it('fails where a system is found, and its keys cannot be made', async () => {
    await mkdir(join(volume, 'etc/ssh'), { recursive: true });
    await writeFile(join(volume, 'etc/os-release'), 'ID=debian\n');
    const { exitCode, stdout } = await makeHostKeys('command mount --bind "$3" "$4"');
    expect([exitCode, stdout]).toEqual([127, '']);
  });
});
