import { posix } from 'node:path';
import type { CallContext } from '../domain/call-context.ts';
import { IntegrityError, NotFoundError } from '../domain/errors.ts';
import type { Fence } from '../domain/fence.ts';
import type { DiskFormat, ImageDisk, Manifest, Revision, RevisionCopy } from '../domain/image.ts';
import { parseSimulatedDisk } from '../domain/simulated-disk.ts';
import type { Jobs } from '../remote/job.ts';
import type { LibraryPlace } from '../remote/library-place.ts';
import { convertArguments, parseProgress } from '../remote/qemu-img.ts';
import { checksumStaged, type FileChecksum } from './checksum.ts';
import { listFrames } from './chunks/frames.ts';
import { requireThisHost } from './chunks/this-host.ts';
import { completeJob } from './complete-job.ts';
import { endJobs } from './jobs.ts';
import { readManifest } from './manifest.ts';
import { fileIn, libraryPaths } from './paths.ts';
import { requireSpace } from './prepare.ts';
import { imageExists, publish } from './publish.ts';
import { infoOfDisk } from './qemu-img.ts';
import { openStaging } from './staging.ts';
import { readQcow2Fault, verifyStructure } from './structure.ts';

/** A disk that was made elsewhere. The first of an image is its boot disk. */
export interface FileToImport {
  /** Absolute path on the library's host. */
  readonly path: string;
  /** As whoever imports it says; the content is never asked. */
  readonly format: DiskFormat;
  /** Default: `vda`, `vdb` … in the order given. */
  readonly name?: string;
  /** What the file must hold; absent where nobody knows. */
  readonly sha256?: string;
}

/** What is known of an image that was exported, and stays true of its copy. */
export type ImportedFacts = Pick<Manifest, 'imageClass' | 'cleanShutdown' | 'sealChecks' | 'origin'> & {
  readonly source: Omit<Manifest['source'], 'run'>;
};

export interface ImportRequest {
  readonly fence: Fence;
  /** Reserved in the catalog by the fence's owner. */
  readonly revision: Revision;
  readonly files: readonly FileToImport[];
  /** Absent for files of which nothing is known. */
  readonly facts?: ImportedFacts;
}

/** The published copy and its manifest, for the catalog's transaction. */
export interface ImportedImage {
  readonly manifest: Manifest;
  readonly copy: RevisionCopy;
}

/**
 * Copies disk files into the library as a revision: into staging, checked, hashed, published by one rename. The sources are only read. Run again
 * by the same owner it goes on where it stopped; once published it answers with what is there. NotFoundError names a missing file,
 * IntegrityError one that is no whole disk of its format, CapacityError says what space is missing.
 */
export async function importImage(
  place: LibraryPlace,
  jobs: Jobs,
  request: ImportRequest,
  context: CallContext,
): Promise<ImportedImage> {
  const { fence, revision } = request;
  if (await imageExists(place, revision, context)) return confirmImported(place, request, context);
  const sources = request.files.map((file, index) => ({ ...file, name: file.name ?? diskName(index), fence }));
  await requireSources(place, sources, context);
  await openStaging(place, fence, context);
  for (const source of sources) await stageSource(place, jobs, source, context);
  const disks = await describeStaged(place, sources, context);
  await verifyStructure(place, libraryPaths(place).staging(fence.owner), disks, context);
  const sums = await checksumStaged(place, jobs, { fence, files: disks.map(({ file }) => file) }, context);
  requireSums(sources, sums);
  const manifest = manifestOf(request, disks, sums);
  const copy = await publish(place, fence, { manifest, files: sums.map(({ identity }) => identity) }, context);
  await endJobs(place, jobs, fence, context);
  return { manifest, copy };
}

interface Source extends FileToImport {
  readonly name: string;
  readonly fence: Fence;
}

type StagedDisk = Omit<ImageDisk, 'sizeBytes' | 'sha256'>;

async function confirmImported(
  place: LibraryPlace,
  { fence, revision }: ImportRequest,
  context: CallContext,
): Promise<ImportedImage> {
  const manifest = await readManifest(place, libraryPaths(place).revision(revision), context);
  const wanted = { ...manifest, revisionId: revision.id };
  return { manifest, copy: await publish(place, fence, { manifest: wanted, files: [] }, context) };
}

function diskName(index: number): string {
  return `vd${String.fromCharCode('a'.charCodeAt(0) + index)}`;
}

/** What a file is in the library: anything raw becomes qcow2. */
function libraryFormat({ format }: Pick<Source, 'format'>): Exclude<DiskFormat, 'raw'> {
  return format === 'raw' ? 'qcow2' : format;
}

const extensions: Readonly<Record<Exclude<DiskFormat, 'raw' | 'archive'>, string>> = {
  qcow2: 'qcow2',
  simulated: 'simulated',
  configuration: 'conf',
  chunks: 'chunks',
};

function stagedFile(source: Source): string {
  const format = libraryFormat(source);
  // How an archive is packed is said by its name.
  return format === 'archive' ? posix.basename(source.path) : `${source.name}.${extensions[format]}`;
}

async function requireSources(place: LibraryPlace, sources: readonly Source[], context: CallContext): Promise<void> {
  let bytes = 0;
  for (const { path, format } of sources) {
    const options = { signal: context.signal, timeoutMs: 60_000, allowedExitCodes: [0, 1] };
    const found = await place.shell.run('stat', ['-L', '-c', '%s', '--', path], options);
    if (found.exitCode !== 0) throw new NotFoundError(`import ${path}: there is no such file`);
    bytes += Number(found.stdout);
    const fault = format === 'qcow2' ? await readQcow2Fault(place, path, context) : undefined;
    if (fault !== undefined) throw new IntegrityError(`import ${path} as ${format}: ${fault}`);
  }
  await requireSpace(place, bytes, context);
}

/** A file is taken over as it is, by reflink where the file system can; only what is raw becomes qcow2. */
async function stageSource(place: LibraryPlace, jobs: Jobs, source: Source, context: CallContext): Promise<void> {
  const { path, format, name, fence } = source;
  const target = fileIn(libraryPaths(place).staging(fence.owner), stagedFile(source));
  const id = `import-${name}`;
  const command =
    format === 'raw'
      ? { file: 'qemu-img', args: convertArguments({ path, format }, target, undefined) }
      : { file: 'cp', args: ['-L', '--reflink=auto', '--sparse=auto', '--no-preserve=all', '--', path, target] };
  const spec = { id, directory: libraryPaths(place).job(fence.owner, id), fence, ...command };
  const what = `Copy ${path}`;
  const onProgress = (tail: string): void => {
    const fraction = parseProgress(tail);
    context.progress({ what, job: id, ...(fraction === undefined ? {} : { fraction }) });
  };
  await completeJob(jobs, place.shell, { spec, what, onProgress }, context);
}

async function describeStaged(
  place: LibraryPlace,
  sources: readonly Source[],
  context: CallContext,
): Promise<readonly StagedDisk[]> {
  const disks: StagedDisk[] = [];
  for (const source of sources) {
    const file = stagedFile(source);
    const format = libraryFormat(source);
    const path = fileIn(libraryPaths(place).staging(source.fence.owner), file);
    const virtualSizeBytes = await virtualSize(place, { path, format }, context);
    disks.push({ name: source.name, file, format, virtualSizeBytes });
  }
  return disks;
}

async function virtualSize(place: LibraryPlace, disk: FileToImport, context: CallContext): Promise<number> {
  const { path, format } = disk;
  if (format === 'qcow2' || format === 'raw')
    return (await infoOfDisk(place.shell, { path, format }, context)).virtualSizeBytes;
  if (format === 'chunks') return await chunkDiskBytes(place, path);
  if (format === 'archive') return await fileSize(place, path, context);
  const content = await place.shell.download(path, { signal: context.signal, timeoutMs: 60_000 });
  if (format === 'configuration') return content.byteLength;
  return parseSimulatedDisk(Buffer.from(content).toString('utf8'), disk.path).virtualSizeBytes;
}

async function fileSize({ shell }: LibraryPlace, path: string, context: CallContext): Promise<number> {
  const options = { signal: context.signal, timeoutMs: 60_000 };
  return Number((await shell.run('stat', ['-c', '%s', '--', path], options)).stdout);
}

async function chunkDiskBytes(place: LibraryPlace, path: string): Promise<number> {
  requireThisHost(place, `import ${path}`);
  return (await listFrames(path)).layout.disk.sizeBytes;
}

function manifestOf(
  { fence, revision, facts = unknownFacts }: ImportRequest,
  disks: readonly StagedDisk[],
  sums: readonly FileChecksum[],
): Manifest {
  return {
    schema: 1,
    image: revision.image,
    revision: revision.revision,
    revisionId: revision.id,
    operatingSystem: revision.operatingSystem,
    disks: disks.map((disk, index) => ({
      ...disk,
      sizeBytes: sums[index]?.identity.sizeBytes ?? 0,
      sha256: sums[index]?.sha256 ?? '',
    })),
    ...facts,
    source: { ...facts.source, run: fence.owner },
    created: revision.created,
  };
}

const unknownFacts: ImportedFacts = {
  source: { provisioningSystem: 'import', computer: 'import' },
  cleanShutdown: { kind: 'imported' },
  sealChecks: [],
};

/** What was copied, as it lies in the library now, against what was exported. */
function requireSums(sources: readonly Source[], sums: readonly FileChecksum[]): void {
  for (const [index, { path, sha256 }] of sources.entries()) {
    const found = sums[index]?.sha256;
    if (sha256 === undefined || sha256 === found) continue;
    throw new IntegrityError(`import ${path}: its content is not what was exported`, {
      evidence: { expectedSha256: sha256, foundSha256: found },
    });
  }
}
