import type { ChunkLayout } from '../library/chunks/layout.ts';
import { volumesOf } from './capture-plan.ts';
import type { Disk, MachineFacts } from './machine-facts.ts';
import { idOfDisk, idOfVolume, partitionNumber } from './volume-id.ts';

/**
 * Something that the environment does to a disk: `id` names it, `words` are a verb of its closed list and what belongs to it. The id is kept over resets,
 * after which the kernel may name the same disk in another way: it holds the disk's position in the order, and an offset, but no such name.
 */
export interface LoadStep {
  readonly id: string;
  readonly words: readonly [verb: string, ...arguments_: string[]];
}

export interface LoadSteps {
  readonly steps: readonly LoadStep[];
  /** What is left as it is, and why. */
  readonly notes: readonly string[];
}

/** A disk, and its position in the order. */
export interface TargetDisk {
  readonly disk: Disk;
  readonly index: number;
}

/** Makes the ends of a disk empty, before anything is written to it. */
export function clearStep(disk: Disk, index: number): LoadStep {
  return step('clear', idOfDisk(index), disk.path);
}

/** File systems that can be made larger in place. */
const GROWING = new Set(['ext2', 'ext3', 'ext4', 'xfs', 'btrfs', 'ntfs']);
const MOUNTED_FOR_KEYS = new Set(['ext2', 'ext3', 'ext4', 'xfs', 'btrfs']);
const EFI_TYPES = new Set(['c12a7328-f81f-11d2-ba4b-00a0c93ec93b', 'ef']);

/** What makes the disk that a layout describes right for the disk that it was written to. `disk` and `facts` are as found after the writing. */
export function stepsOfDisk(target: TargetDisk, layout: ChunkLayout, wanted: { readonly grow: boolean }): LoadSteps {
  const { disk, index } = target;
  const isLarger = disk.sizeBytes > layout.disk.sizeBytes;
  const growing = isLarger && wanted.grow ? growSteps(target) : { steps: [], notes: [] };
  const gpt = isLarger && disk.table?.label === 'gpt' ? [step('fix-gpt', idOfDisk(index), disk.path)] : [];
  const swaps = layout.contents.filter(({ type, copied }) => type === 'swap' && copied === 'none');
  const swapSteps = swaps.flatMap(({ offset, uuid = '-', label = '-' }) => {
    const volume = volumesOf(disk).find((one) => one.offset === offset);
    return volume === undefined ? [] : [step('swap', idOfVolume(volume, index), volume.path, uuid, label)];
  });
  return { steps: [...gpt, ...growing.steps, ...swapSteps, ...efiSteps(target)], notes: growing.notes };
}

/** Host keys are made into each file system that holds a system; where none does, the environment says so. */
export function hostKeySteps(disks: readonly Disk[], facts: MachineFacts): readonly LoadStep[] {
  const logical = facts.logicalVolumes.filter(({ mappings }) =>
    mappings.some(({ on }) => disks.some((disk) => volumesOf(disk).some(({ number }) => number === on))),
  );
  const named = [
    ...disks.flatMap((disk, index) => volumesOf(disk).map((volume) => ({ volume, id: idOfVolume(volume, index) }))),
    ...logical.map((volume) => ({ volume, id: idOfVolume(volume, 0) })),
  ];
  return named
    .filter(({ volume }) => MOUNTED_FOR_KEYS.has(volume.probe.type ?? ''))
    .map(({ volume: { path, probe }, id }) => step('host-keys', id, path, probe.type ?? ''));
}

function growSteps({ disk, index }: TargetDisk): LoadSteps {
  const last = volumesOf(disk).toSorted((a, b) => b.offset - a.offset)[0];
  if (last === undefined) return { steps: [], notes: [`${disk.path} has no partition that could grow`] };
  const type = last.probe.type ?? 'unknown content';
  const number = partitionNumber(disk, last.path);
  const isLogical = disk.table?.label === 'dos' && Number(number) > 4;
  if (!GROWING.has(type) || isLogical) {
    const what = isLogical ? 'a logical partition' : type;
    return { steps: [], notes: [`${last.path} (${what}) is left at its size: it is not grown`] };
  }
  const partition = last.path === disk.path ? [] : [step('grow-partition', idOfVolume(last, index), disk.path, number)];
  return { steps: [...partition, step('grow-fs', idOfVolume(last, index), last.path, type)], notes: [] };
}

/** Firmware that has no entry for this disk starts `EFI/BOOT/BOOTX64.EFI`. */
function efiSteps({ disk, index }: TargetDisk): readonly LoadStep[] {
  const starts = (disk.table?.partitions ?? [])
    .filter(({ type }) => EFI_TYPES.has(type.toLowerCase()))
    .map(({ start }) => start * disk.sectorBytes);
  const systems = disk.partitions.filter(({ offset, probe }) => starts.includes(offset) && probe.type === 'vfat');
  return systems.map((volume) => step('efi', idOfVolume(volume, index), volume.path));
}

function step(verb: string, of: string, ...words: readonly string[]): LoadStep {
  return { id: `${verb} ${of}`, words: [verb, ...words] };
}
