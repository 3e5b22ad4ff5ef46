import { posix } from 'node:path';
import { IntegrityError, NotFoundError } from '../domain/errors.ts';
import { openChunkFile, type ChunkFile } from '../library/chunks/chunk-file.ts';
import { mapTasks, usedBlocks, type MapOf, type MapTask } from './capture-plan.ts';
import { differences, recordDisk } from './disk-record.ts';
import { readIfThere, replaceFile } from './durable-file.ts';
import { cutIntoChunks, totalBytes, type ChunkPlan } from './extents.ts';
import { layoutOfDisk } from './layout-of-disk.ts';
import { readFacts, type Disk, type MachineFacts } from './machine-facts.ts';
import { chunkLine, type Instruction, type MachineWork, type ToolAnswer } from './machine-work.ts';
import type { CaptureWork, DiskRecord } from './order.ts';
import type { PlacedOrder } from './order-directory.ts';
import type { OrderState } from './order-state.ts';
import { selectDisk } from './select-disk.ts';
import { StaleRequestError } from './stale-request.ts';
import type { StateKeeper } from './state-keeper.ts';
import { readDomainMap } from './tool-outputs.ts';

interface OpenDisk {
  readonly device: string;
  readonly file: ChunkFile;
  readonly chunks: ReadonlyMap<number, ChunkPlan>;
}

interface Known {
  readonly facts: MachineFacts;
  readonly disks: readonly Disk[];
  readonly tasks: readonly MapTask[];
}

/** A capture: facts are compared with what was recorded, file systems are mapped, then used blocks are read and kept. */
// eslint-disable-next-line max-lines-per-function -- the closures of one order share its state; each is short
export function createCaptureWork(placed: PlacedOrder, work: CaptureWork, keeper: StateKeeper): MachineWork {
  let known: Known | undefined;
  let open: readonly OpenDisk[] | undefined;
  let beginning: Promise<void> | undefined;
  let bytesDone = 0;
  let bytesTotal = 0;

  const next = async (state: OrderState): Promise<Instruction> => {
    if (known === undefined) return ['facts', 'volumes'];
    const unmapped = await firstUnmapped(placed, known.tasks);
    if (unmapped !== undefined) return unmapped;
    if (open === undefined) await (beginning ??= begin(known).finally(() => (beginning = undefined)));
    if (isComplete(open ?? [])) {
      await close();
      await keeper.update(placed, (before) => ({ ...before, phase: 'done', words: 'captured', bytesDone, bytesTotal }));
      return ['off'];
    }
    if (state.phase !== 'working') await keeper.update(placed, (before) => ({ ...before, phase: 'working' }));
    return ['read'];
  };

  const begin = async ({ facts, disks, tasks }: Known): Promise<void> => {
    const maps = await Promise.all(tasks.map(async ({ id, path }) => [path, await readMap(placed, id)] as const));
    const mapOf: MapOf = (path) => maps.find(([of]) => of === path)?.[1];
    const mapped = new Set(maps.filter(([, map]) => map !== undefined).map(([path]) => path));
    const plans = disks.map((disk, index) => ({ disk, ...ofOrder(work, index), ...usedBlocks(disk, facts, mapOf) }));
    const notes = plans.flatMap((plan) => plan.notes);
    const opened: OpenDisk[] = [];
    try {
      for (const { disk, name, file: to, used } of plans) {
        const chunks = cutIntoChunks(used, disk.sizeBytes);
        const file = await openChunkFile(to);
        opened.push({ device: disk.path, file, chunks: new Map(chunks.map((chunk) => [chunk.offset, chunk])) });
        await file.begin(Buffer.from(JSON.stringify(layoutOfDisk(disk, facts, { name, chunks, mapped }))));
      }
    } catch (error) {
      for (const { file } of opened) await file.close();
      throw error;
    }
    open = opened;
    bytesTotal = totalBytes(plans.flatMap(({ used }) => used));
    bytesDone = sum(opened.flatMap(({ file, chunks }) => file.offsets.map((offset) => bytesOf(chunks.get(offset)))));
    await keeper.update(placed, (state) => ({ ...state, bytesDone, bytesTotal, report: { ...state.report, notes } }));
  };

  const close = async (): Promise<void> => {
    // Files that are being opened are locked, and nobody else would ever close them.
    await beginning?.catch(() => undefined);
    for (const { file } of open ?? []) await file.close();
    open = undefined;
  };

  return {
    next,
    close,
    takeFacts: async (text) => {
      const facts = readFacts(text);
      const disks = work.disks.map(({ name, select }) => selectDisk(facts.disks, name, select));
      const found = disks.map((disk, index) => recordDisk(work.disks[index]?.name ?? disk.path, disk, facts));
      await keeper.update(placed, (state) => {
        refuseChanged([...(work.expected ?? []), ...(state.report?.disks ?? [])], found);
        const words = 'looking for the used blocks of each file system';
        return { ...state, words, report: { notes: [], ...state.report, disks: found } };
      });
      known = { facts, disks, tasks: disks.flatMap((disk, index) => mapTasks(disk, index, facts)) };
    },
    takeMap: async (id, answer) => {
      const task = known?.tasks[Number(id)];
      if (task === undefined) throw new StaleRequestError(`keep the map ${id}: it was not asked for`);
      await keepMap(placed, task.id, answer);
    },
    chunkList: async () => missingLines(open ?? []),
    takeChunk: async ({ disk, offset }, sha256, stored) => {
      const { file, chunks } = require(open, disk);
      const plan = chunks.get(offset);
      if (plan === undefined) throw new StaleRequestError(`keep the chunk at ${String(offset)}: it was not asked for`);
      const outcome = await file.append({
        ...plan,
        extents: plan.extents.map(([from, bytes]) => [from, bytes]),
        sha256,
        stored,
      });
      if (outcome === 'written') bytesDone += bytesOf(plan);
      await keeper.note(placed, { bytesDone, bytesTotal, words: 'reading the used blocks' });
    },
    takeResult: refuse,
    giveChunk: refuse,
    takeWritten: refuse,
  };
}

function ofOrder(work: CaptureWork, index: number): CaptureWork['disks'][number] {
  const found = work.disks[index];
  if (found === undefined)
    throw new NotFoundError(`open the file of disk ${String(index)}: the order has no such disk`);
  return found;
}

function refuse(): Promise<never> {
  return Promise.reject(new StaleRequestError('answer a machine: a capture has no such request'));
}

function refuseChanged(expected: readonly DiskRecord[], found: readonly DiskRecord[]): void {
  const changed = expected.flatMap((before) => {
    const now = found.find(({ name }) => name === before.name);
    return now === undefined ? [] : differences(before, now);
  });
  if (changed.length === 0) return;
  throw new IntegrityError(`compare the disks with what was recorded of them: changed: ${changed.join('; ')}`, {
    evidence: { expected, found },
  });
}

function require(open: readonly OpenDisk[] | undefined, disk: number): OpenDisk {
  const found = open?.[disk];
  if (found === undefined)
    throw new StaleRequestError(`keep a chunk of disk ${String(disk)}: the capture has not begun`);
  return found;
}

function isComplete(open: readonly OpenDisk[]): boolean {
  return open.every(({ file }) => file.missing?.length === 0);
}

function missingLines(open: readonly OpenDisk[]): string {
  const lines = open.flatMap(({ device, file, chunks }, disk) =>
    (file.missing ?? []).map((offset) => {
      const { length = 0, extents = [] } = chunks.get(offset) ?? {};
      return chunkLine([device, disk, offset, length], extents);
    }),
  );
  return lines.map((line) => `${line}\n`).join('');
}

function bytesOf(plan: ChunkPlan | undefined): number {
  return totalBytes(plan?.extents ?? []);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

const mapFile = ({ directory, attempt }: PlacedOrder, id: string): string =>
  posix.join(directory, `map-${String(attempt)}-${encodeURIComponent(id)}`);

/** A file system that partclone does not read is read whole: an empty file says so. */
async function keepMap(placed: PlacedOrder, id: string, { status, output }: ToolAnswer): Promise<void> {
  if (status === 0) readDomainMap(output);
  await replaceFile(mapFile(placed, id), status === 0 ? output : '');
}

async function readMap(placed: PlacedOrder, id: string): Promise<ReturnType<MapOf>> {
  const text = await readIfThere(mapFile(placed, id));
  return text === undefined || text === '' ? undefined : readDomainMap(text);
}

async function firstUnmapped(placed: PlacedOrder, tasks: readonly MapTask[]): Promise<Instruction | undefined> {
  for (const [index, { id, mapper, path }] of tasks.entries())
    if ((await readIfThere(mapFile(placed, id))) === undefined) return ['map', String(index), mapper, path];
  return undefined;
}
