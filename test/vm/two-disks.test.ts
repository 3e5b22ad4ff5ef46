import { appendFile, mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Computer } from '../../src/domain/computer.ts';
import type { ImageDisk, Manifest, Revision, RevisionCopy } from '../../src/domain/image.ts';
import { checksumStaged } from '../../src/library/checksum.ts';
import { prepare } from '../../src/library/prepare.ts';
import { publish } from '../../src/library/publish.ts';
import { verifyStructure } from '../../src/library/structure.ts';
import { verifyCopy } from '../../src/library/verify-copy.ts';
import { type CaptureRequest, need } from '../../src/provisioners/provisioner.ts';
import { createJobs } from '../../src/remote/jobs.ts';
import { defineByHand, type ExtraDisk } from '../support/domain-by-hand.ts';
import {
  captureRequest,
  createLibvirtWorld,
  laterAttempt,
  type LibvirtWorld,
  loadRequest,
  withDisks,
} from '../support/libvirt-world.ts';
import { carryOut } from '../support/plan-runner.ts';
import { makeTinyDisk, payloadOf } from '../support/tiny-guest.ts';

/** An image of a machine with a disk for the system and one for data, as one set, from capture to load. */

const jobs = createJobs({ pollIntervalMs: 100 });
const secret = 'root:only-the-host-knows';

let world: LibvirtWorld;
beforeAll(async () => {
  world = await createLibvirtWorld();
  await prepare(world.library, world.context);
});
afterAll(async () => world.close());

/** A domain that was configured by hand, off again, with a second disk. */
async function sourceWith(name: string, data: ExtraDisk): Promise<Computer> {
  const computer = world.computer(name);
  await defineByHand(world, computer, { payload: Buffer.from('the system'), extra: [data] });
  await world.virsh('start', name);
  const console = join(world.root, `${name}.console`);
  await vi.waitFor(async () => expect(await consoleText(console)).toContain('hello'), { timeout: 60_000 });
  return computer;
}

async function consoleText(path: string): Promise<string> {
  return (await execa('cat', [path])).stdout;
}

async function diskIn(name: string, file: string): Promise<string> {
  const directory = join(world.root, 'disks', name);
  await mkdir(directory, { recursive: true });
  return join(directory, file);
}

/** What steps 5 and 6 of a capture do: the plan, the structure, the checksums. */
async function capture(request: CaptureRequest): Promise<Manifest> {
  const { steps, plan, staged } = need(world.provisioner, 'capturing');
  await carryOut({ steps, request, context: world.context }, await plan(request, world.context));
  const { disks, definition } = await staged(request, world.context);
  await verifyStructure(world.library, request.staging, disks, world.context);
  const wanted = { fence: request.fence, files: disks.map(({ file }) => file) };
  const sums = await checksumStaged(world.library, jobs, wanted, world.context);
  const described = disks.map((disk, index): ImageDisk => {
    const sum = sums[index];
    return { ...disk, sizeBytes: sum?.identity.sizeBytes ?? 0, sha256: sum?.sha256 ?? '' };
  });
  const { manifest } = withDisks(request.revision, described, definition);
  if (manifest === undefined) throw new Error('no manifest');
  return { ...manifest, source: { ...manifest.source, run: request.fence.owner } };
}

async function publishCapture(request: CaptureRequest, manifest: Manifest): Promise<RevisionCopy> {
  const wanted = { fence: request.fence, files: manifest.disks.map(({ file }) => file) };
  const sums = await checksumStaged(world.library, jobs, wanted, world.context);
  const publication = { manifest, files: sums.map(({ identity }) => identity) };
  return await publish(world.library, request.fence, publication, world.context);
}

async function load(name: string, revision: Revision): Promise<Computer> {
  const computer = world.computer(name);
  const { steps, plan } = need(world.provisioner, 'loading');
  const request = loadRequest(world.library, computer, revision);
  await carryOut({ steps, request, context: world.context }, await plan(request, world.context));
  return computer;
}

/** Target and file of each disk, as libvirt has them. */
async function disksOf({ name }: Computer): Promise<readonly (readonly [string, string])[]> {
  const lines = (await world.virsh('domblklist', name)).split('\n').map((line) => line.trim().split(/\s+/));
  return lines.map(([target = '', file = '']) => [target, file]);
}

const publishedNames = async (): Promise<readonly string[]> =>
  (await readdir(world.library.root)).filter((name) => !name.startsWith('.'));

describe('an image of two disks', () => {
  it('is captured, published and loaded as one set, each disk at its place; without one of them it is not loaded', async () => {
    const data = await diskIn('two-01', 'data.qcow2');
    await makeTinyDisk(data, 'no system here', Buffer.from('the data'));
    const source = await sourceWith('two-01', { path: data, format: 'qcow2' });
    const request = captureRequest(world.library, source, 1);

    const manifest = await capture(request);
    expect(await publishedNames()).toEqual([]);
    const copy = await publishCapture(request, manifest);
    const revision: Revision = { ...request.revision, manifest };
    const node = await load('two-02', revision);
    await vi.waitFor(
      async () => expect(await world.provisioner.consoleText?.(node, world.context)).toContain('hello by hand'),
      { timeout: 60_000 },
    );

    expect(manifest.disks.map(({ name, file }) => [name, file])).toEqual([
      ['vda', 'vda.qcow2'],
      ['vdb', 'vdb.qcow2'],
    ]);
    const disks = await disksOf(node);
    expect(disks.map(([target]) => target)).toEqual(['vda', 'vdb']);
    await world.virsh('destroy', node.name);
    expect(await Promise.all(disks.map(async ([, file]) => await payloadOf(file)))).toEqual(['the system', 'the data']);

    const proof = { copy: withoutProof(copy), manifest, fence: laterAttempt(request.fence) };
    expect(await verifyCopy(world.library, jobs, proof, world.context)).toMatchObject({ by: 'sha256' });
    await rm(join(copy.path, 'vdb.qcow2'));
    await expect(verifyCopy(world.library, jobs, proof, world.context)).rejects.toThrow('vdb.qcow2');
    const again = loadRequest(world.library, world.computer('two-03'), revision);
    expect(await need(world.provisioner, 'loading').check(again, world.context)).toMatchObject([
      { where: 'image.disks.vdb', problem: expect.stringContaining('is not there') },
    ]);
  });

  it('publishes nothing when its second disk fails', async () => {
    const before = await publishedNames();
    const data = await diskIn('two-04', 'data.qcow2');
    await makeTinyDisk(data, 'no system here');
    const source = await sourceWith('two-04', { path: data, format: 'qcow2' });
    const request = captureRequest(world.library, source, 2);
    const { steps, plan } = need(world.provisioner, 'capturing');
    const planned = await plan(request, world.context);
    const runner = { steps, request, context: world.context };
    await carryOut(runner, planned.slice(0, -1));
    await appendFile(data, 'written to after it was seen off');

    await expect(carryOut(runner, planned.slice(-1))).rejects.toThrow(`${data} changed`);

    expect(await readdir(request.staging)).toContain('vda.qcow2');
    expect(await publishedNames()).toEqual(before);
  });
});

describe('a disk whose content claims to be something else', () => {
  it.each(['vmdk', 'luks', 'qcow2 with a backing file', 'nothing of the kind'])(
    'is captured as exactly its bytes, in the format of its definition: %s',
    async (claim) => {
      const number = ['vmdk', 'luks', 'qcow2 with a backing file', 'nothing of the kind'].indexOf(claim);
      const name = `claim-0${String(number + 1)}`;
      const disk = await diskIn(name, 'claims.raw');
      await writeClaim(disk, claim);
      const source = await sourceWith(name, { path: disk, format: 'raw' });
      const request = captureRequest(world.library, source, 10 + number);

      const manifest = await capture(request);

      const copy = join(request.staging, 'vdb.qcow2');
      await execa('qemu-img', ['compare', '-f', 'raw', '-F', 'qcow2', disk, copy]);
      expect(manifest.disks[1]).toMatchObject({ format: 'qcow2', virtualSizeBytes: (await stat(disk)).size });
      // The control: whoever asks the content is told of another format, and with qcow2 of another file.
      const probed = (await execa('qemu-img', ['info', disk], { reject: false })).stdout;
      const believes =
        claim === 'nothing of the kind' ? 'file format: raw' : `file format: ${claim.split(' ')[0] ?? ''}`;
      expect(probed).toContain(believes);
      expect(probed.includes('secret.raw')).toBe(claim.includes('backing'));
      expect((await execa('grep', ['-c', secret, copy], { reject: false })).stdout).toBe('0');
    },
  );
});

/** Writes a disk of whole sectors as a guest could, whose first bytes are those of another format. */
async function writeClaim(path: string, claim: string): Promise<void> {
  const host = join(world.root, 'secret.raw');
  await writeFile(host, `${secret}\n`.padEnd(65_536, '#'));
  if (claim.startsWith('qcow2'))
    await execa('qemu-img', ['create', '-q', '-f', 'qcow2', '-b', host, '-F', 'raw', path]);
  else if (claim === 'vmdk') await execa('qemu-img', ['create', '-q', '-f', 'vmdk', path, '64K']);
  else if (claim === 'luks') {
    const key = ['--object', 'secret,id=key,data=guest', '-o', 'key-secret=key,iter-time=10'];
    // It times itself, and gives up where the processor was taken from it meanwhile: `Unable to get accurate CPU usage`.
    await vi.waitFor(async () => await execa('qemu-img', ['create', '-q', '-f', 'luks', ...key, path, '64K']), 20_000);
  } else await writeFile(path, Buffer.alloc(65_536, 7));
  const { size } = await stat(path);
  await execa('truncate', ['-s', String(Math.ceil(size / 512) * 512), path]);
}

function withoutProof({ verified: _verified, ...copy }: RevisionCopy): RevisionCopy {
  return copy;
}
