import { z } from 'zod';
import type { CallContext } from '../domain/call-context.ts';
import { CommandFailedError } from '../domain/errors.ts';
import type { DiskFormat } from '../domain/image.ts';
import type { CommandResult, Shell } from '../remote/shell.ts';

/** Metadata of a disk is small; a crafted file that makes the tool want more is refused. */
const INFO_LIMITS = ['--as=2147483648', '--cpu=30'];
/** The reference counts of a 16 TiB disk with clusters of 64 KiB take half a GiB. */
const CHECK_LIMITS = ['--as=4294967296'];
const INFO_MS = 60_000;
/** A check reads all metadata: minutes for terabytes on slow disks. */
const CHECK_MS = 3_600_000;

export interface DiskInfo {
  readonly virtualSizeBytes: number;
  /** What forbids the file as a disk of an image; absent when nothing does. */
  readonly fault?: string;
}

/** `qemu-img info` of a file whose format is known. CommandFailedError when it cannot be read as that. */
export async function infoOfDisk(
  shell: Shell,
  disk: { readonly path: string; readonly format: DiskFormat },
  context: CallContext,
): Promise<DiskInfo> {
  const args = [...INFO_LIMITS, 'qemu-img', 'info', '-f', disk.format, '-U', '--output=json', disk.path];
  const result = await shell.run('prlimit', args, { signal: context.signal, timeoutMs: INFO_MS });
  return parseDiskInfo(result.stdout, disk.format);
}

const infoSchema = z.object({
  'virtual-size': z.int().nonnegative(),
  format: z.string(),
  encrypted: z.boolean().exactOptional(),
  'backing-filename': z.string().exactOptional(),
  'format-specific': z.object({ data: z.looseObject({}) }).exactOptional(),
});

/** Reads the JSON of `qemu-img info`. */
export function parseDiskInfo(text: string, format: DiskFormat): DiskInfo {
  const parsed = infoSchema.safeParse(readJson(text));
  if (!parsed.success) throw new CommandFailedError('read what qemu-img info printed', { cause: parsed.error });
  const fault = faultOf(parsed.data, format);
  return { virtualSizeBytes: parsed.data['virtual-size'], ...(fault === undefined ? {} : { fault }) };
}

/** `qemu-img check` of a qcow2 file; undefined when it is clean, otherwise what is wrong. */
export async function checkQcow2(shell: Shell, path: string, context: CallContext): Promise<string | undefined> {
  const args = [...CHECK_LIMITS, 'qemu-img', 'check', '-f', 'qcow2', '-q', path];
  const result = await shell.run('prlimit', args, {
    signal: context.signal,
    timeoutMs: CHECK_MS,
    allowedExitCodes: [0, 1, 2, 3],
  });
  return describeCheck(result);
}

/** What the exit statuses of `qemu-img check` mean (qemu-img(1)); leaked clusters are harm too, since nothing should have written to the file. */
export function describeCheck(result: Pick<CommandResult, 'exitCode' | 'stdout' | 'stderr'>): string | undefined {
  const printed = `${result.stdout}\n${result.stderr}`.trim().slice(0, 500);
  if (result.exitCode === 0) return undefined;
  if (result.exitCode === 2) return `qemu-img check found corruption: ${printed}`;
  if (result.exitCode === 3) return `qemu-img check found leaked clusters: ${printed}`;
  return `qemu-img check could not be completed: ${printed}`;
}

function faultOf(info: z.infer<typeof infoSchema>, format: DiskFormat): string | undefined {
  const data = info['format-specific']?.data ?? {};
  if (info.format !== format) return `its format is ${info.format}, ${format} is expected`;
  if (info['backing-filename'] !== undefined) return `it has the backing file ${info['backing-filename']}`;
  if (format === 'qcow2' && 'data-file' in data) return 'it has an external data file';
  if (info.encrypted === true) return 'it is encrypted';
  return undefined;
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
