import { chmod, mkdir, mkdtemp, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadWorkerConfig } from '../../../src/config.ts';
import { InvalidInputError } from '../../../src/domain/errors.ts';
import { checkSiteDirectory } from '../../../src/os/site-check.ts';
import { createSiteDirectory } from '../../../src/os/site-directory.ts';
import type { Site } from '../../../src/os/site.ts';
import { runWorker } from '../../../src/worker.ts';

const scope = { image: 'web', operatingSystem: 'debian12' };

let root: string;
let site: Site;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'imprint-site-'));
  site = createSiteDirectory(root);
});
afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

async function file(path: string, content = 'x', mode = 0o644): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), content);
  await chmod(join(root, path), mode);
}

describe('the directory of a site', () => {
  it('has nothing to add when it is empty', async () => {
    await checkSiteDirectory(root);

    expect(await site.scripts('pre_capture', scope)).toEqual([]);
    expect(await site.files(scope)).toBeUndefined();
    expect(await site.modules(scope)).toEqual([]);
  });

  it('gives the executable files of a stage in lexical order: for all, for the operating system, for the image', async () => {
    const scripts = ['post_load.d/20-b', 'post_load.d/10-a', 'post_load.d/Z', 'systems/debian12/post_load.d/05-s'];
    for (const path of [...scripts, 'images/web/post_load.d/00-i', 'images/other/post_load.d/00-x', 'pre_capture.d/p'])
      await file(path, path, 0o755);
    await file('post_load.d/README');
    await file('post_load.d/lib/helper', 'x', 0o755);
    await file('post_load.d/.hidden', 'x', 0o755);
    await checkSiteDirectory(root);

    const found = await site.scripts('post_load', scope);
    expect(found.map(({ name }) => name)).toEqual([
      ...['post_load.d/10-a', 'post_load.d/20-b', 'post_load.d/Z', 'systems/debian12/post_load.d/05-s'],
      'images/web/post_load.d/00-i',
    ]);
    expect(Buffer.from(found[0]?.content ?? []).toString()).toBe('post_load.d/10-a');
  });

  it('gives files as one archive, in which those of the image replace those of all', async () => {
    await file('files/etc/motd', 'all');
    await file('files/etc/-strange name', 'x', 0o640);
    await symlink('motd', join(root, 'files/etc/issue'));
    await file('images/web/files/etc/motd', 'web', 0o600);
    await utimes(join(root, 'files/etc/-strange name'), new Date(1e12), new Date(1e12));

    const { archive, paths } = (await site.files(scope)) ?? { archive: Buffer.of(), paths: [] };
    const list = await execa('tar', ['--list', '--verbose', '--numeric-owner', '--full-time', '--utc'], {
      input: archive,
    });
    expect(list.stdout.split('\n').sort()).toEqual([
      expect.stringMatching(/^-rw------- 0\/0 .* \.\/etc\/motd$/),
      expect.stringMatching(/^-rw-r----- 0\/0 .* 2001-09-09 01:46:40 \.\/etc\/-strange name$/),
      expect.stringMatching(/^lrwxrwxrwx 0\/0 .* \.\/etc\/issue -> motd$/),
    ]);
    expect([...paths].sort()).toEqual(['etc/-strange name', 'etc/issue', 'etc/motd']);
    const { stdout } = await execa('tar', ['--extract', '--to-stdout', './etc/motd'], { input: archive });
    expect(stdout).toBe('web');
  });

  it('gives the kernel modules of its lists once each, without comments', async () => {
    await file('drivers/modules', '# disks\nmegaraid_sas\n  nvme # newer ones\n\n');
    await file('images/web/drivers/modules', 'nvme\nice\n');

    expect(await site.modules(scope)).toEqual(['megaraid_sas', 'nvme', 'ice']);
  });

  it.each([
    ['a script that anybody may write', 'pre_capture.d/10-a', 0o777, /anybody may write .*10-a/],
    ['a file that anybody may write', 'files/etc/motd', 0o666, /anybody may write .*motd/],
    ['a name that means nothing', 'precapture.d/10-a', 0o755, /precapture\.d means nothing; expected pre_capture\.d/],
    ['a stage that it does not have', 'images/web/post_capture.d/10-a', 0o755, /post_capture\.d means nothing/],
    ['a layer inside a layer', 'images/web/systems/x/files/y', 0o644, /images\/web\/systems means nothing/],
    ['no name of a module', 'drivers/modules', 0o644, /names of kernel modules.*got "x; reboot"/],
  ])('is refused at the start of a worker for %s', async (_what, path, mode, message) => {
    await file(path, 'x; reboot', mode);

    await expect(checkSiteDirectory(root)).rejects.toThrow(message);
    await expect(checkSiteDirectory(root)).rejects.toThrow(InvalidInputError);
  });

  it('is refused when anybody may write it, when it belongs to somebody else, and when it holds a pipe', async () => {
    await chmod(root, 0o777);
    await expect(checkSiteDirectory(root)).rejects.toThrow(/anybody may write/);
    await chmod(root, 0o755);
    await execa('mkfifo', [join(root, 'pipe')]);
    await expect(checkSiteDirectory(root)).rejects.toThrow(/pipe is neither a file nor a directory nor a link/);
    await rm(join(root, 'pipe'));
    await checkSiteDirectory(root);
    if (process.getuid?.() !== 0) return;
    await execa('chown', ['12345', root]);
    await expect(checkSiteDirectory(root)).rejects.toThrow(/belongs to user 12345/);
  });

  it('is looked at again at each use, so that a worker does not run what was made writable since', async () => {
    await file('pre_capture.d/10-a', 'x', 0o777);
    await symlink('10-a', join(root, 'pre_capture.d/20-link'));

    await expect(site.scripts('pre_capture', scope)).rejects.toThrow(/anybody may write/);
    await chmod(join(root, 'pre_capture.d/10-a'), 0o755);
    await expect(site.scripts('pre_capture', scope)).rejects.toThrow(/20-link is a link/);
  });

  it('keeps a worker from starting when it is missing', async () => {
    const config = loadWorkerConfig({
      ...{ DATABASE_URL: 'postgres://nowhere.invalid/x', IMPRINT_MANAGEMENT_NODE: 'mn', IMPRINT_LIBRARY: '/nowhere' },
      ...{ IMPRINT_SITE: join(root, 'missing'), IMPRINT_LOG_LEVEL: 'error' },
    });

    await expect(runWorker(config)).rejects.toThrow(`IMPRINT_SITE: there is no directory ${root}/missing`);
  });
});
