import { z } from 'zod';
import {
  CapacityError,
  CommandFailedError,
  ConflictError,
  type ImprintError,
  IntegrityError,
  NotFoundError,
  UnavailableError,
} from '../domain/errors.ts';
import type { DiskFormat } from '../domain/image.ts';
import { isOutOfSpace } from './out-of-space.ts';
import type { Shell } from './shell.ts';

/** What qemu-img's known messages (7.2, LC_ALL=C) mean; the first that matches decides. A full disk comes before them. */
const knownMessages: readonly (readonly [
  RegExp,
  new (...text: ConstructorParameters<typeof ImprintError>) => ImprintError,
])[] = [
  // Somebody has the disk open; a QEMU that is ending lets go of it a moment after libvirt says off.
  [/Failed to get (shared )?"[a-z]+" lock/, UnavailableError],
  [/No such file or directory/, NotFoundError],
  [/Permission denied/, ConflictError],
  // A limit of the file system, or of the account.
  [/File too large/, CapacityError],
  [
    /Image is not in qcow2 format|Unsupported qcow2 version|is corrupt|Could not read (L1|snapshots|image)/,
    IntegrityError,
  ],
];

/** A disk format that is really on disk. */
export type FileFormat = Extract<DiskFormat, 'qcow2' | 'raw'>;

/** One file of a disk's chain, the disk itself first. */
export interface ChainLink {
  /** Absolute. */
  readonly path: string;
  readonly format: string;
  readonly virtualSizeBytes: number;
  /** What it takes on its file system. */
  readonly allocatedBytes: number;
  /** Format of its backing file as its header names it; absent when it has none or does not say. */
  readonly backingFormat?: string;
  readonly hasBacking: boolean;
  /** Another file that holds the content of this one; absent as a rule. */
  readonly dataFile?: string;
}

const chainSchema = z.array(
  z.object({
    filename: z.string(),
    format: z.string(),
    'virtual-size': z.number(),
    'actual-size': z.number(),
    'backing-filename': z.string().optional(),
    'backing-filename-format': z.string().optional(),
    'format-specific': z.object({ data: z.looseObject({ 'data-file': z.string().optional() }).optional() }).optional(),
  }),
);

/** Reads `qemu-img info --backing-chain --output=json`. Throws IntegrityError when it is not that. */
export function parseChain(output: string): readonly ChainLink[] {
  const links = chainSchema.safeParse(parseJson(output));
  if (!links.success) throw new IntegrityError('qemu-img printed no chain', { cause: links.error });
  return links.data.map((link) => ({
    path: link.filename,
    format: link.format,
    virtualSizeBytes: link['virtual-size'],
    allocatedBytes: link['actual-size'],
    ...(link['backing-filename-format'] === undefined ? {} : { backingFormat: link['backing-filename-format'] }),
    hasBacking: link['backing-filename'] !== undefined,
    ...dataFileOf(link['format-specific']?.data?.['data-file']),
  }));
}

function dataFileOf(path: string | undefined): { readonly dataFile?: string } {
  return path === undefined ? {} : { dataFile: path };
}

/** Whether another process may write to the disk while it is read. `exclusive` fails with UnavailableError while QEMU has it open. */
export type Sharing = 'shared' | 'exclusive';

/** The chain of a disk whose format its definition gives; the content is never asked for it. */
export async function readChain(
  shell: Shell,
  disk: { readonly path: string; readonly format: FileFormat },
  sharing: Sharing,
  signal: AbortSignal,
): Promise<readonly ChainLink[]> {
  const share = sharing === 'shared' ? ['-U'] : [];
  const args = ['info', ...share, '--backing-chain', '--output=json', '-f', disk.format, disk.path];
  return parseChain(await qemuImg(shell, args, signal));
}

/** Arguments that make an empty qcow2 file whose content is that of `backing`, which is never written. */
export function overlayArguments(backing: string, path: string): readonly string[] {
  return ['create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', backing, path];
}

/** Arguments of a full copy that prints its progress. `rateBytes`: bytes a second; absent means no limit. */
export function convertArguments(
  source: { readonly path: string; readonly format: FileFormat },
  target: string,
  rateBytes: number | undefined,
): readonly string[] {
  const limit = rateBytes === undefined ? [] : ['-r', String(rateBytes)];
  // Out-of-order writes by 8 coroutines keep both disks busy; the clusters' order in the file does not matter to a reader.
  return ['convert', '-p', ...limit, '-W', '-m', '8', '-f', source.format, '-O', 'qcow2', source.path, target];
}

/** Reads the last `(12.34/100%)` that qemu-img -p printed: 0 to 1, undefined before the first. */
export function parseProgress(output: string): number | undefined {
  const last = [...output.matchAll(/\((\d+(?:\.\d+)?)\/100%\)/g)].at(-1)?.[1];
  return last === undefined ? undefined : Math.min(1, Number(last) / 100);
}

/** The error that qemu-img's messages mean: of the class in the table, CommandFailedError when no line is known. */
export function qemuImgError(what: string, exitCode: number, stderr: string): ImprintError {
  const messages = stderr.trim();
  const [, Known = CommandFailedError] = knownMessages.find(([pattern]) => pattern.test(messages)) ?? [];
  const Meant = isOutOfSpace(messages) ? CapacityError : Known;
  return new Meant(`qemu-img could not ${what}`, {
    cause: new Error(messages.slice(-1024)),
    evidence: { exitCode, stderr: messages.slice(-4096) },
  });
}

async function qemuImg(shell: Shell, args: readonly string[], signal: AbortSignal): Promise<string> {
  const result = await shell.run('qemu-img', args, { signal, timeoutMs: 60_000, allowedExitCodes: [0, 1] });
  if (result.exitCode === 0) return result.stdout;
  throw qemuImgError(`${args[0] ?? ''} ${args.at(-1) ?? ''}`, result.exitCode, result.stderr);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new IntegrityError('qemu-img printed no JSON', { cause });
  }
}
