import { posix } from 'node:path';
import type { CallContext } from '../../domain/call-context.ts';
import { NotFoundError } from '../../domain/errors.ts';
import { formatSimulatedDisk, type SimulatedDisk } from '../../domain/simulated-disk.ts';
import type { CaptureRequest, StagedImage } from '../provisioner.ts';
import type { Machine } from './machine.ts';

const DESCRIPTION = 'description.json';
const LIMIT_MS = 60_000;

/** `vda.simulated` */
export function fileOf(disk: Pick<SimulatedDisk, 'name'>): string {
  return `${disk.name}.simulated`;
}

/** Writes what `staged` reads later, into a directory that it makes; again over what an earlier attempt wrote. */
export async function writeDescription(
  request: CaptureRequest,
  found: { readonly machine: Machine; readonly disks: readonly SimulatedDisk[] },
  context: CallContext,
): Promise<void> {
  const { offReason, offSince } = found.machine;
  const staged: StagedImage = {
    disks: found.disks.map((disk) => ({
      name: disk.name,
      file: fileOf(disk),
      format: 'simulated' as const,
      virtualSizeBytes: disk.virtualSizeBytes,
    })),
    definition: JSON.stringify({ cpus: request.computer.cpus, memoryMiB: request.computer.memoryMiB }),
    ...(offReason === undefined ? {} : { offReason }),
    ...(offSince === undefined ? {} : { offSince: new Date(offSince).toISOString() }),
    forced: offReason === 'destroyed',
  };
  const { shell } = request.library;
  const options = { signal: context.signal, timeoutMs: LIMIT_MS };
  await shell.run('mkdir', ['-p', '-m', '0700', '--', request.staging], options);
  await write(request, DESCRIPTION, JSON.stringify(staged), context);
}

export async function readDescription(request: CaptureRequest, context: CallContext): Promise<StagedImage> {
  const path = posix.join(request.staging, DESCRIPTION);
  const content = await request.library.shell.download(path, { signal: context.signal, timeoutMs: LIMIT_MS });
  return JSON.parse(Buffer.from(content).toString('utf8')) as StagedImage;
}

/** A file that is complete already is left as it is: its checksum may have been computed. */
export async function writeStaged(
  request: CaptureRequest,
  disk: SimulatedDisk,
  damaged: boolean,
  context: CallContext,
): Promise<void> {
  const text = damaged ? 'damaged' : formatSimulatedDisk(disk);
  if ((await findStaged(request, fileOf(disk), context)) !== text) await write(request, fileOf(disk), text, context);
}

async function findStaged(request: CaptureRequest, file: string, context: CallContext): Promise<string | undefined> {
  const options = { signal: context.signal, timeoutMs: LIMIT_MS };
  try {
    const path = posix.join(request.staging, file);
    return Buffer.from(await request.library.shell.download(path, options)).toString('utf8');
  } catch (error) {
    if (error instanceof NotFoundError) return undefined;
    throw error;
  }
}

/** Of nothing: success. */
export async function removeStaged(
  request: CaptureRequest,
  disk: Pick<SimulatedDisk, 'name'>,
  context: CallContext,
): Promise<void> {
  const path = posix.join(request.staging, fileOf(disk));
  await request.library.shell.run('rm', ['-f', '--', path], { signal: context.signal, timeoutMs: LIMIT_MS });
}

async function write(request: CaptureRequest, file: string, text: string, context: CallContext): Promise<void> {
  const options = { signal: context.signal, timeoutMs: LIMIT_MS };
  await request.library.shell.upload(text, posix.join(request.staging, file), options);
}
