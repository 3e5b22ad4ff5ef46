import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import type { CallContext } from '../domain/call-context.ts';
import { CommandFailedError, OutcomeUnknownError } from '../domain/errors.ts';
import type { Shell } from '../remote/shell.ts';
import type { DiskToOpen } from './disk-to-open.ts';
import { keepAlive } from './keep-alive.ts';

/**
 * Serves the disk's content as one raw file. It ends by itself after an hour, whatever becomes of the caller. Root keeps what it needs to mount;
 * the file's content is read by `nobody`, who gets it by its mode. Then come, for a layer that takes what is written, format and file of the disk
 * below it. 10: no FUSE here.
 */
const START = `
set -eu
umask 077
directory=$1
mkdir -p -- "$directory"
: > "$directory/disk"
writable=off mode=0444
if [ $# -ge 5 ]; then
  qemu-img create -q -f qcow2 -F "$4" -b "$5" -- "$directory/layer" >&2
  writable=on mode=0666
fi
setsid timeout -k 5 3600 prlimit --as=4294967296 --cpu=600 -- qemu-storage-daemon --blockdev "$2" \\
  --export "type=fuse,id=disk,node-name=disk,mountpoint=$3,writable=$writable,allow-other=auto" \\
  >"$directory/log" 2>&1 </dev/null &
pid=$!
printf '%s\\n' "$pid" > "$directory/pid"
round=0
while [ "$round" -lt 300 ]; do
  if [ -s "$directory/disk" ]; then
    chmod "$mode" -- "$directory/disk" 2>/dev/null || :
    exit 0
  fi
  kill -0 "$pid" 2>/dev/null || break
  sleep 0.05
  round=$((round + 1))
done
kill "$pid" 2>/dev/null || :
cat -- "$directory/log" >&2
exit 10
`;

/** Ends what START began, known by its command line, since its process id may be another's by now. 10: it does not end. */
const STOP = `
set -eu
directory=$1
serves() { tr '\\0' '\\n' 2>/dev/null <"/proc/$1/cmdline" | grep -qF -- "type=fuse,id=disk,node-name=disk,mountpoint=$2,writable="; }
pid=$(cat -- "$directory/pid" 2>/dev/null || :)
if [ -n "$pid" ] && serves "$pid" "$2"; then
  kill "$pid" 2>/dev/null || :
  round=0
  while serves "$pid" "$2"; do
    [ "$round" -lt 200 ] || exit 10
    sleep 0.05
    round=$((round + 1))
  done
fi
if grep -qF -- " $directory/disk " /proc/mounts; then
  umount -- "$directory/disk" 2>/dev/null || fusermount3 -u -- "$directory/disk" || exit 10
fi
rm -rf -- "$directory"
`;

const NO_FUSE = 10;
const DOES_NOT_END = 10;
const SHORT_MS = 60_000;
/** A raw copy, where FUSE is not to be had: as long as a copy of the disk lasts. */
const COPY_MS = 24 * 3_600_000;

/** A disk's content as one raw file on the host. */
export interface ExportedDisk {
  readonly path: string;
  close(): Promise<void>;
}

/** The disk as it is; nothing can be written. */
export async function exportDisk(shell: Shell, disk: DiskToOpen, context: CallContext): Promise<ExportedDisk> {
  return await open(shell, disk, undefined, context);
}

/**
 * What lies from `offset` on, under a layer that takes what is written and goes with `close`: the disk itself stays as it is. Ends an export of the
 * same disk.
 */
export async function exportLayer(
  shell: Shell,
  disk: DiskToOpen,
  offset: number,
  context: CallContext,
): Promise<ExportedDisk> {
  return await open(shell, disk, offset, context);
}

/** The directory's name depends on the file only, so that a later attempt finds and ends what a killed one left. */
async function open(
  shell: Shell,
  disk: DiskToOpen,
  layerFrom: number | undefined,
  context: CallContext,
): Promise<ExportedDisk> {
  const name = createHash('sha256').update(disk.file).digest('hex').slice(0, 24);
  const directory = posix.join(disk.scratch, `disk-${name}`);
  await stop(shell, directory, context.signal);
  // Whoever gave up looking still wants nothing left behind.
  const close = (): Promise<void> => stop(shell, directory, AbortSignal.timeout(SHORT_MS));
  try {
    await start(shell, { disk, directory, layerFrom }, context);
  } catch (error) {
    await close();
    throw error;
  }
  return { path: posix.join(directory, 'disk'), close };
}

interface Export {
  readonly disk: DiskToOpen;
  readonly directory: string;
  /** Where the part that is served under a layer begins; undefined serves the whole disk as it is. */
  readonly layerFrom: number | undefined;
}

async function start(shell: Shell, request: Export, context: CallContext): Promise<void> {
  const { disk, directory, layerFrom } = request;
  const below = layerFrom === undefined ? [] : [disk.format, disk.file];
  const parameters = [directory, blockdev(request), escapeComma(posix.join(directory, 'disk')), ...below];
  const args = ['-c', START, 'imprint-export', ...parameters];
  const options = { signal: context.signal, timeoutMs: SHORT_MS, allowedExitCodes: [0, NO_FUSE] };
  const started = await shell.run('sh', args, options);
  if (started.exitCode === NO_FUSE) await copyRaw(shell, { ...request, why: started.stderr }, context);
}

/** Names no other file. `null` is QEMU's way to say that a backing file is not to be opened, whatever the header names. */
function blockdev({ disk, directory, layerFrom }: Export): string {
  const file = { driver: 'file', filename: disk.file, locking: 'off', 'read-only': true };
  const noBacking = disk.format === 'qcow2' ? { backing: null } : {};
  const below = { driver: disk.format, 'read-only': true, file, ...noBacking };
  if (layerFrom === undefined) return JSON.stringify({ ...below, 'node-name': 'disk' });
  const layerFile = { driver: 'file', filename: posix.join(directory, 'layer') };
  const layer = { driver: 'qcow2', file: layerFile, backing: below };
  return JSON.stringify({ driver: 'raw', 'node-name': 'disk', offset: layerFrom, file: layer });
}

async function copyRaw(
  shell: Shell,
  { disk, directory, layerFrom, why }: Export & { readonly why: string },
  context: CallContext,
): Promise<void> {
  const path = posix.join(directory, 'disk');
  const from = `driver=${disk.format},file.driver=file,file.filename=${escapeComma(disk.file)}`;
  const part = `driver=raw,offset=${String(layerFrom ?? 0)},file.driver=${disk.format},file.file.driver=file`;
  const source = layerFrom === undefined ? from : `${part},file.file.filename=${escapeComma(disk.file)}`;
  const args = ['--cpu=3600', 'qemu-img', 'convert', '--image-opts', '-O', 'raw', source, path];
  const options = { signal: context.signal, timeoutMs: COPY_MS, allowedExitCodes: [0, 1] };
  const copied = await keepAlive(
    context,
    { what: `Unpack ${disk.file} to look into it` },
    shell.run('prlimit', args, options),
  );
  if (copied.exitCode !== 0) {
    throw new CommandFailedError(`look into ${disk.file}: neither an export nor a raw copy of it could be made`, {
      evidence: { export: why.trim().slice(-500), copy: copied.stderr.trim().slice(-500) },
    });
  }
  const mode = layerFrom === undefined ? '0444' : '0666';
  await shell.run('chmod', [mode, '--', path], { signal: context.signal, timeoutMs: SHORT_MS });
}

async function stop(shell: Shell, directory: string, signal: AbortSignal): Promise<void> {
  const args = ['-c', STOP, 'imprint-export', directory, escapeComma(posix.join(directory, 'disk'))];
  const result = await shell.run('sh', args, { signal, timeoutMs: SHORT_MS, allowedExitCodes: [0, DOES_NOT_END] });
  if (result.exitCode === 0) return;
  throw new OutcomeUnknownError(`end the export at ${directory}: it is still there`, {
    evidence: { error: result.stderr.trim() },
  });
}

/** QEMU separates options by commas. */
function escapeComma(path: string): string {
  return path.replaceAll(',', ',,');
}
