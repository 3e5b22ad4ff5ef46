import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { accountTasks } from '../../../../src/os/linux/account-tasks.ts';
import { cleaningTasks } from '../../../../src/os/linux/cleaning-tasks.ts';
import { cleanFunction, excludeFunctions, exclusionsOf } from '../../../../src/os/linux/exclude-list.ts';
import { inheritedTasks } from '../../../../src/os/linux/access-tasks.ts';
import type { TaskOutcome } from '../../../../src/os/operating-system.ts';
import { createFakeRoot, type FakeRoot } from '../../../support/fake-root.ts';

let fake: FakeRoot;

beforeEach(async () => {
  fake = await createFakeRoot();
});
afterEach(async () => {
  await fake.remove();
});

/** Lists on a real system hold its own paths; here they are below the root. */
async function exclude(list: string, ...lines: readonly string[]): Promise<void> {
  await fake.file(list, lines.map((line) => line.replace('/', `${fake.path}/`)).join('\n'));
}

async function runTask(call: string): Promise<TaskOutcome | undefined> {
  const functions = `${excludeFunctions}${cleanFunction}${accountTasks}${inheritedTasks}${cleaningTasks}read_exclude_lists`;
  return await fake.runTask(functions, call);
}

describe('the exclude list of an image', () => {
  it.each(['etc/imprint/exclude-list', 'root/.vclcontrol/vcl_exclude_list'])(
    'keeps what %s names, with what lies below it, and lets the rest be cleaned',
    async (list) => {
      await exclude(list, '# a comment', '', '  /tmp/kept  ', '/root/.ssh/id_rsa*', '/var/log/app/*');
      for (const path of ['tmp/kept/deep/file', 'tmp/gone/file', 'var/log/app/1.gz', 'var/log/gone.gz', 'var/tmp/x'])
        await fake.file(path, 'x');
      for (const key of ['id_rsa', 'id_rsa.pub', 'id_ed25519']) await fake.file(`root/.ssh/${key}`, 'key');

      for (const task of ['temporary_files', 'logs', 'private_keys']) {
        expect(await runTask(task)).toMatchObject({ outcome: 'changed' });
        expect(await runTask(task)).toMatchObject({ outcome: 'unchanged' });
      }

      for (const path of ['tmp/kept/deep/file', 'var/log/app/1.gz', 'root/.ssh/id_rsa', 'root/.ssh/id_rsa.pub'])
        expect(await fake.content(path), path).toBeDefined();
      for (const path of ['tmp/gone/file', 'var/log/gone.gz', 'var/tmp/x', 'root/.ssh/id_ed25519'])
        expect(await fake.content(path), path).toBeUndefined();
    },
  );

  it('keeps a directory in which something is named, and takes only the asterisk for a pattern', async () => {
    await exclude('etc/imprint/exclude-list', '/root/VCL/keep.me', '/tmp/a[1]');
    for (const path of ['root/VCL/keep.me', 'tmp/a[1]', 'tmp/a1']) await fake.file(path, 'x');

    await runTask('root_leftovers');
    await runTask('temporary_files');

    expect(await fake.content('root/VCL/keep.me')).toBe('x');
    expect(await fake.content('tmp/a[1]')).toBe('x');
    expect(await fake.content('tmp/a1')).toBeUndefined();
  });

  it('keeps the home of an account that is removed, and says so', async () => {
    await exclude('etc/imprint/exclude-list', '/home/ann');
    await fake.file('home/ann/work', 'x');
    await fake.file('bin/getent', '#!/bin/sh\nexit 2\n', 0o755);

    expect(await runTask('delete_account ann /home/ann')).toMatchObject({
      detail: `${fake.path}/home/ann stays: it is excluded`,
    });
    expect(await fake.content('home/ann/work')).toBe('x');
  });

  it('is the same for the check of the seal', async () => {
    const texts: Readonly<Record<string, string>> = {
      '/etc/imprint/exclude-list': '/tmp/kept/deep\n# /tmp/comment\n',
      '/root/.vclcontrol/vcl_exclude_list': '/home/*-shared\r\n',
    };
    const unused = (): never => expect.unreachable();
    const isExcluded = await exclusionsOf({
      ...{ read: (path) => Promise.resolve(texts[path]), list: unused, fileSystem: unused },
    });

    const paths = ['/tmp/kept', '/tmp/kept/deep/x', '/tmp/comment', '/home/a-shared/x', '/home/a', '/tmp/kept2'];
    expect(paths.filter(isExcluded)).toEqual(['/tmp/kept', '/tmp/kept/deep/x', '/home/a-shared/x']);
  });
});
