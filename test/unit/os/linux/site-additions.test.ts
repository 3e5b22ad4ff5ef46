import { utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CallContext } from '../../../../src/domain/call-context.ts';
import { CommandFailedError, DeadlineError, UnsupportedError } from '../../../../src/domain/errors.ts';
import type { Revision } from '../../../../src/domain/image.ts';
import { putSiteFiles } from '../../../../src/os/linux/site-files.ts';
import { runSiteScripts } from '../../../../src/os/linux/site-scripts.ts';
import type { TaskOutcome } from '../../../../src/os/operating-system.ts';
import { noSite, type Site } from '../../../../src/os/site.ts';
import type { Shell } from '../../../../src/remote/shell.ts';
import { cutInTask } from '../../../support/cut-in-task.ts';
import { createFakeRoot, type FakeRoot } from '../../../support/fake-root.ts';

const context: CallContext = { signal: new AbortController().signal, progress: () => undefined };
const revision: Revision = {
  ...{ id: 1_000_001, imageId: 7, image: 'web', revision: 2, operatingSystem: 'debian12', state: 'capturing' },
  ...{ comment: '', author: 'ann', created: '2026-01-02T03:04:05.000Z' },
};

let fake: FakeRoot;

beforeEach(async () => {
  fake = await createFakeRoot();
  await fake.file('etc/os-release', 'ID=debian\n');
});
afterEach(async () => {
  await fake.remove();
});

async function run(scripts: Readonly<Record<string, string>>, scriptSeconds = 30): Promise<readonly TaskOutcome[]> {
  const list = Object.entries(scripts).map(([name, text]) => ({ name, content: Buffer.from(`#!/bin/sh\n${text}\n`) }));
  const site: Site = { ...noSite, scripts: () => Promise.resolve(list) };
  const request = { stage: 'post_load', node: 'lab-03', revision, additions: { site, scriptSeconds } } as const;
  return await runSiteScripts(fake.shell, request, context);
}

describe('scripts of the site', () => {
  it('run on the system one after the other, and are told node, image and revision', async () => {
    const tell = `echo "$* $IMPRINT_STAGE $IMPRINT_NODE $IMPRINT_IMAGE $IMPRINT_REVISION $IMPRINT_OPERATING_SYSTEM"`;
    const tasks = await run({ one: `${tell} >>${fake.path}/told`, two: `echo noise; echo last >>${fake.path}/told` });

    const once = 'post_load lab-03 web web-v2';
    expect(await fake.content('told')).toBe(`${once} ${once} debian12\nlast\n`);
    expect(tasks).toMatchObject([
      { task: 'one', outcome: 'changed', detail: 'done' },
      { task: 'two', outcome: 'changed', detail: 'done: noise' },
    ]);
    // Nothing of them stays.
    expect(await fake.content('var/lib/imprint/site-script/script')).toBeUndefined();
  });

  it('fail the step with status and last output when one fails; those after it are run, too', async () => {
    const failing = run({ bad: 'echo first; echo "no licence" >&2; exit 3', good: `echo ran >${fake.path}/ran` });

    await expect(failing).rejects.toThrow(CommandFailedError);
    await expect(failing).rejects.toMatchObject({
      message: expect.stringContaining('bad (ended with status 3: no licence)') as string,
      evidence: {
        output: { bad: 'first\nno licence' },
        tasks: [
          { task: 'bad', outcome: 'failed' },
          { task: 'good', outcome: 'changed' },
        ],
      },
    });
    expect(await fake.content('ran')).toBe('ran\n');
  });

  it('are ended after their time, which is not tried again', async () => {
    const slow = run({ slow: 'echo waiting; exec sleep 600' }, 1);

    await expect(slow).rejects.toThrow(DeadlineError);
    await expect(slow).rejects.toThrow('slow (took longer than 1 s: waiting)');
  });

  it('do not run on a system that nobody has described', async () => {
    await fake.file('etc/os-release', 'ID=plan9\n');

    await expect(run({ any: `touch ${fake.path}/ran` })).rejects.toThrow(UnsupportedError);
    expect(await fake.content('ran')).toBeUndefined();
  });
});

describe('files of the site', () => {
  let source: string;

  beforeEach(async () => {
    source = join(fake.path, 'source');
    await fake.file('source/etc/motd', 'hello', 0o640);
    await fake.file('source/lib/modules/6.1/updates/card.ko', 'module');
    await fake.file('bin/depmod', `#!/bin/sh\necho "$@" >>${fake.path}/calls\n`, 0o755);
    await utimes(join(source, 'etc/motd'), new Date(1e12), new Date(1e12));
  });

  async function put(shell: Shell = fake.shell): Promise<readonly TaskOutcome[]> {
    const paths = ['etc/motd', 'lib/modules/6.1/updates/card.ko'];
    const tar = ['--create', '--directory', source, '--owner=0', '--group=0', ...paths];
    const { stdout: archive } = await execa('tar', tar, { encoding: 'buffer' });
    const site: Site = { ...noSite, files: () => Promise.resolve({ archive, paths }) };
    return await putSiteFiles(shell, { what: 'bring the files', site, scope: revision }, context);
  }

  it('are put in place once, with their modes; a new module is listed, and the initramfs is to be made anew', async () => {
    expect(await put()).toMatchObject([
      { task: 'site-files', outcome: 'changed', detail: '2 files put in place; modules of 6.1 listed anew' },
    ]);
    expect(await fake.content('etc/motd')).toBe('hello');
    expect(await fake.mode('etc/motd')).toBe(0o640);
    expect(await fake.content('calls')).toBe('6.1\n');
    expect(await fake.content('var/lib/imprint/initramfs-inputs')).toBe('');

    expect(await put()).toMatchObject([{ outcome: 'unchanged' }]);
    await fake.file('etc/motd', 'changed by somebody');
    expect(await put()).toMatchObject([{ outcome: 'changed' }]);
    expect(await fake.content('etc/motd')).toBe('hello');
  });

  it('are complete after a cut between unpacking and the list of modules', async () => {
    await expect(put(cutInTask(fake.shell, 'site-files'))).rejects.toThrow(CommandFailedError);
    expect(await fake.content('etc/motd')).toBe('hello');
    expect(await fake.content('calls')).toBeUndefined();

    expect(await put()).toMatchObject([{ outcome: 'changed', detail: 'modules of 6.1 listed anew' }]);
    expect(await fake.content('calls')).toBe('6.1\n');
  });

  it('are no task where there are none', async () => {
    expect(await putSiteFiles(fake.shell, { what: 'x', site: noSite, scope: revision }, context)).toEqual([]);
  });
});
