import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { join } from 'node:path';
import { writeFile } from 'node:fs/promises';
import { formatSimulatedDisk, type SimulatedSystem } from '../../../../src/domain/simulated-disk.ts';
import { openDiskFiles } from '../../../../src/library/disk-files.ts';
import { createSimulatedOs } from '../../../../src/os/simulated/index.ts';
import { systemOf } from '../../../../src/provisioners/simulated/machine.ts';
import { createSimulatedFixture, firstRevision, type SimulatedFixture } from '../../../support/simulated-fixture.ts';

const os = createSimulatedOs();
const access = { authorizedKeys: ['ssh-ed25519 AAAA test'] };
const expected = { revisionName: 'suite-v1', revisionId: 101, removedUsers: ['alice'] };

describe('the simulated operating system', () => {
  let fixture: SimulatedFixture;
  const shell = () => fixture.provisioner.guestShell!(fixture.source);
  const prepare = () => {
    const request = { computer: fixture.source, revision: firstRevision, access };
    return os.preCapture(shell(), request, fixture.context);
  };
  const seal = () => os.seal(shell(), { endState: 'off', revision: firstRevision }, fixture.context);
  const system = async () => systemOf(await fixture.world.machine(fixture.source))!;

  beforeEach(async () => {
    fixture = await createSimulatedFixture();
  });

  afterEach(() => fixture.close());

  it('prepares a system once, however often it is asked to', async () => {
    const first = await prepare();
    const second = await prepare();
    expect(first.map(({ task, outcome }) => [task, outcome])).toEqual([
      ['users', 'changed'],
      ['swap', 'changed'],
      ['temporary-files', 'changed'],
      ['currentimage', 'changed'],
    ]);
    expect(second.every(({ outcome }) => outcome === 'unchanged')).toBe(true);
    expect(await os.currentImage(shell(), fixture.context)).toMatchObject({ name: 'suite-v1', revisionId: 101 });
    expect((await fixture.world.machine(fixture.source)).effects['preCapture']).toBe(1);
  });

  it('seals a system so that every check of the seal passes, and none of an unsealed one does', async () => {
    const before = await checks(fixture, await system());
    await prepare();
    await seal();
    await seal();
    await expect
      .poll(async () => (await fixture.provisioner.power!.read(fixture.source, fixture.context)).value)
      .toBe('off');
    await seal();
    expect((await fixture.world.machine(fixture.source)).effects['seal']).toBe(1);
    const after = await checks(fixture, await system());
    expect(before.map(({ outcome }) => outcome)).toEqual(before.map(() => 'failed'));
    expect(after.map(({ outcome }) => outcome)).toEqual(after.map(() => 'passed'));
  });

  it('makes a loaded system ready, and marks it when a user may have changed it', async () => {
    await prepare();
    const request = { computer: fixture.source, revision: firstRevision, access };
    expect(await os.currentImage(shell(), fixture.context)).not.toHaveProperty('postLoad');
    await os.postLoad(shell(), request, fixture.context);
    const again = await os.postLoad(shell(), request, fixture.context);
    expect(again[0]).toMatchObject({ outcome: 'unchanged' });
    expect(await os.currentImage(shell(), fixture.context)).toMatchObject({ postLoad: 'success' });
    await os.markTainted(shell(), 'reserved by\nalice', fixture.context);
    await os.markTainted(shell(), 'reserved by\nalice', fixture.context);
    expect(await os.currentImage(shell(), fixture.context)).toMatchObject({ tainted: 'reserved by alice' });
    const { files } = await system();
    expect(files['/root/currentimage.txt']?.match(/vcld_tainted/g)).toHaveLength(1);
  });

  it('reads the host keys of the newest boot from the console, and none from half a block', () => {
    const block = (key: string) => `-----BEGIN SSH HOST KEY KEYS-----\n${key}\n-----END SSH HOST KEY KEYS-----\n`;
    expect(os.hostKeysOnConsole(`${block('ssh-ed25519 old')}booting\n${block('ssh-ed25519 new')}`)).toEqual([
      'ssh-ed25519 new',
    ]);
    expect(os.hostKeysOnConsole('-----BEGIN SSH HOST KEY KEYS-----\nssh-ed')).toBeUndefined();
    expect(os.hostKeysOnConsole('')).toBeUndefined();
  });
});

/** The checks as a capture makes them: over the file in the library. */
async function checks({ library, context }: SimulatedFixture, system: SimulatedSystem) {
  const file = join(library.root, 'disk.simulated');
  await writeFile(file, formatSimulatedDisk({ name: 'vda', virtualSizeBytes: 1, usedBytes: 1, system }));
  const files = await openDiskFiles(library, { file, format: 'simulated', scratch: library.root }, context);
  try {
    return await os.sealChecks(files, expected);
  } finally {
    await files.close();
  }
}
