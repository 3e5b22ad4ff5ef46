import { posix } from 'node:path';
import { CommandFailedError, ConflictError } from '../domain/errors.ts';
import { listFrames, readStored, withFile, type ChunkIndex, type DataFrame } from '../library/chunks/frames.ts';
import { dataBytes } from '../library/chunks/frame.ts';
import { appendDurably, readIfThere } from './durable-file.ts';
import { clearStep, hostKeySteps, stepsOfDisk, type LoadStep } from './load-steps.ts';
import { readFacts, type Disk, type MachineFacts } from './machine-facts.ts';
import { chunkLine, type ChunkName, type Instruction, type MachineWork } from './machine-work.ts';
import type { LoadWork } from './order.ts';
import type { PlacedOrder } from './order-directory.ts';
import type { OrderState } from './order-state.ts';
import { refuseNamesAlone, refuseTargets, targetName } from './load-target.ts';
import { selectDisk } from './select-disk.ts';
import { StaleRequestError } from './stale-request.ts';
import type { StateKeeper } from './state-keeper.ts';

interface Source {
  readonly file: string;
  readonly index: ChunkIndex;
  readonly frames: ReadonlyMap<number, DataFrame>;
  readonly written: Set<number>;
}

/** A load: the disks are chosen and refused before anything is written; then chunks are written, then what depends on the machine is put right. */
// eslint-disable-next-line max-lines-per-function -- the closures of one order share its state; each is short
export function createLoadWork(placed: PlacedOrder, work: LoadWork, keeper: StateKeeper): MachineWork {
  let sources: readonly Source[] | undefined;
  let disks: readonly Disk[] | undefined;
  let after: readonly LoadStep[] | undefined;
  let bytesDone = 0;
  let bytesTotal = 0;

  const next = async (state: OrderState): Promise<Instruction> => {
    if (disks === undefined || sources === undefined) return ['facts', 'disks'];
    if (state.phase !== 'working') await keeper.update(placed, (before) => ({ ...before, phase: 'working' }));
    const isOpen = (step: LoadStep): boolean => !state.finished.includes(step.id);
    const clearing = disks.map(clearStep).find(isOpen);
    if (clearing !== undefined) return ['step', clearing.id, ...clearing.words];
    if (sources.some((source) => missingOf(source).length > 0)) return ['write'];
    if (after === undefined) return ['facts', 'volumes'];
    const step = after.find(isOpen);
    if (step !== undefined) return ['step', step.id, ...step.words];
    await keeper.update(placed, (before) => ({ ...before, phase: 'done', words: 'loaded', bytesDone, bytesTotal }));
    return ['off'];
  };

  const openSources = async (): Promise<readonly Source[]> => {
    const written = await readWritten(placed);
    return await Promise.all(
      work.disks.map(async ({ file }, disk): Promise<Source> => {
        const index = await listFrames(file);
        const frames = new Map(index.frames.map((frame) => [frame.header.offset, frame]));
        const own = written.filter((name) => name.disk === disk).map(({ offset }) => offset);
        return { file, index, frames, written: new Set(own) };
      }),
    );
  };

  const chooseDisks = async (facts: MachineFacts): Promise<void> => {
    const opened = await openSources();
    const chosen = work.disks.map(({ name, select }) => selectDisk(facts.disks, name, select));
    refuseTargets(
      work,
      chosen,
      opened.map(({ index }) => index.layout),
    );
    refuseNamesAlone(work, facts.disks);
    await keeper.update(placed, (state) => ({ ...state, finished: withTargets(state.finished, chosen) }));
    const all = opened.flatMap(({ frames }) => [...frames.values()]);
    bytesTotal = all.reduce((sum, frame) => sum + dataBytes(frame.header.extents), 0);
    bytesDone = opened.reduce((sum, source) => sum + bytesWritten(source), 0);
    [disks, sources] = [chosen, opened];
  };

  const planRest = async (facts: MachineFacts, opened: readonly Source[]): Promise<void> => {
    const found = work.disks.map(({ name, select }) => selectDisk(facts.disks, name, select));
    const plans = found.map((disk, index) => {
      const layout = opened[index]?.index.layout;
      return layout === undefined ? { steps: [], notes: [] } : stepsOfDisk({ disk, index }, layout, work);
    });
    after = [...plans.flatMap(({ steps }) => steps), ...(work.hostKeys ? hostKeySteps(found, facts) : [])];
    const notes = plans.flatMap((plan) => plan.notes);
    await keeper.update(placed, (state) => ({ ...state, report: withNotes(state.report, notes) }));
  };

  return {
    next,
    close: async () => Promise.resolve(),
    takeFacts: async (text) => {
      const facts = readFacts(text);
      if (sources === undefined) await chooseDisks(facts);
      else await planRest(facts, sources);
    },
    takeResult: async (id, { status, output }) => {
      if (status !== 0)
        throw new CommandFailedError(`${id} on the machine: ${output.trim().slice(-500)}`, { evidence: { status } });
      await keeper.update(placed, (state) => finish(state, id, output));
    },
    chunkList: async () => Promise.resolve(listLines(disks ?? [], sources ?? [])),
    giveChunk: async ({ disk, offset }) => {
      const source = sources?.[disk];
      const frame = source?.frames.get(offset);
      if (source === undefined || frame === undefined)
        throw new StaleRequestError(`give the chunk at ${String(offset)}: there is none`);
      return await withFile(source.file, async (handle) => await readStored(handle, source.file, frame));
    },
    takeWritten: async (name) => {
      const source = sources?.[name.disk];
      const frame = source?.frames.get(name.offset);
      if (source === undefined || frame === undefined)
        throw new StaleRequestError(`note the chunk at ${String(name.offset)}: there is none`);
      if (source.written.has(name.offset)) return;
      await appendDurably(writtenFile(placed), `${String(name.disk)} ${String(name.offset)}\n`);
      source.written.add(name.offset);
      bytesDone += dataBytes(frame.header.extents);
      await keeper.note(placed, { bytesDone, bytesTotal, words: 'writing the disks' });
    },
    takeMap: refuse,
    takeChunk: refuse,
  };
}

function refuse(): Promise<never> {
  return Promise.reject(new StaleRequestError('answer a machine: a load has no such request'));
}

/** The first chunk, which holds the partition table and boot code, comes last: a disk that is half written does not boot. */
function missingOf({ frames, written }: Source): readonly DataFrame[] {
  const missing = [...frames.values()].filter(({ header }) => !written.has(header.offset));
  const [first, ...others] = missing.toSorted((a, b) => a.header.offset - b.header.offset);
  return first?.header.offset === 0 && others.length > 0 ? others : missing;
}

function listLines(disks: readonly Disk[], sources: readonly Source[]): string {
  const lines = sources.flatMap((source, disk) =>
    missingOf(source).map(({ header: { offset, sha256, extents } }) =>
      chunkLine([disks[disk]?.path ?? '', disk, offset, sha256], extents),
    ),
  );
  return lines.map((line) => `${line}\n`).join('');
}

function bytesWritten({ frames, written }: Source): number {
  return [...written].reduce((sum, offset) => sum + dataBytes(frames.get(offset)?.header.extents ?? []), 0);
}

/** What was written lies on these disks; on another machine, or with another disk, it would not. */
function withTargets(finished: readonly string[], disks: readonly Disk[]): readonly string[] {
  const targets = disks.map((disk, index) => `target ${String(index)} ${targetName(disk)}`);
  const before = finished.filter((id) => id.startsWith('target '));
  if (before.length === 0) return [...finished, ...targets];
  if (before.join() === targets.join()) return finished;
  throw new ConflictError(
    `go on with the load: it was begun on ${before.join(', ')}, and the machine has ${targets.join(', ')}`,
  );
}

function finish(state: OrderState, id: string, output: string): OrderState {
  if (state.finished.includes(id)) return state;
  const lines = output.split('\n').map((line) => line.trim());
  const keys = lines.filter((line) => /^(ssh|ecdsa)-\S+ \S+/.test(line));
  const notes = lines.filter((line) => line.startsWith('note: ')).map((line) => line.slice('note: '.length));
  const report = withNotes(state.report, notes);
  const hostKeys = [...(report.hostKeys ?? []), ...keys];
  return {
    ...state,
    finished: [...state.finished, id],
    report: hostKeys.length === 0 ? report : { ...report, hostKeys },
  };
}

function withNotes(report: OrderState['report'], notes: readonly string[]): NonNullable<OrderState['report']> {
  return { ...report, notes: [...new Set([...(report?.notes ?? []), ...notes])] };
}

const writtenFile = ({ directory, attempt }: PlacedOrder): string =>
  posix.join(directory, `written-${String(attempt)}`);

/** A line that a break has cut is a chunk that is written once more. */
async function readWritten(placed: PlacedOrder): Promise<readonly ChunkName[]> {
  const text = (await readIfThere(writtenFile(placed))) ?? '';
  return [...text.matchAll(/^(\d+) (\d+)\n/gm)].map(([, disk, offset]) => ({
    disk: Number(disk),
    offset: Number(offset),
  }));
}
