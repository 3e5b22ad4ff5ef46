import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import type { CallContext } from '../domain/call-context.ts';
import { IntegrityError, NotFoundError } from '../domain/errors.ts';
import type { Manifest } from '../domain/image.ts';
import type { LibraryPlace } from '../remote/library-place.ts';
import { identifyFiles } from './file-identity.ts';
import { MANIFEST_FILE, parseManifest } from './manifest.ts';

/** File name of the checksums in an exported directory; `sha256sum -c` reads it. */
export const SUMS_FILE = 'SHA256SUMS';

const TRANSFER_MS = 60_000;

/** Lines as `sha256sum` prints them, of every disk and of the manifest's text. */
export function formatSums(manifest: Manifest, manifestText: string): string {
  const sums = [...manifest.disks.map(({ sha256, file }) => [sha256, file]), [sha256Of(manifestText), MANIFEST_FILE]];
  return sums.map(([sha256, file]) => `${sha256 ?? ''}  ${file ?? ''}\n`).join('');
}

/** Reads what `sha256sum` printed: checksums by file name. IntegrityError, naming `file`, for a line that is none. */
export function parseSums(text: string, file: string): ReadonlyMap<string, string> {
  const lines = text.split('\n').filter((line) => line !== '');
  return new Map(
    lines.map((line) => {
      const [, sha256, name] = /^([0-9a-f]{64}) [ *](.+)$/.exec(line) ?? [];
      if (sha256 !== undefined && name !== undefined) return [name, sha256];
      throw new IntegrityError(`read the checksums ${file}: ${JSON.stringify(line.slice(0, 100))} is none`);
    }),
  );
}

/**
 * The manifest of a directory that an export wrote, with every disk in its place and of its size. Its checksums, where there are some, must agree with
 * the manifest and be of it; the disks' own bytes are hashed when they are copied. IntegrityError names what does not fit, NotFoundError says that
 * the directory holds no exported image. Reads only.
 */
export async function readExported(place: LibraryPlace, directory: string, context: CallContext): Promise<Manifest> {
  const path = posix.join(directory, MANIFEST_FILE);
  const text = await readText(place, path, context);
  if (text === undefined)
    throw new NotFoundError(`import ${directory}: it holds no exported image (no ${MANIFEST_FILE})`);
  const manifest = parseManifest(text, path);
  refuseUnfit(directory, manifest);
  const sumsPath = posix.join(directory, SUMS_FILE);
  const sums = await readText(place, sumsPath, context);
  if (sums !== undefined) compareSums(parseSums(sums, sumsPath), { manifest, text, sumsPath });
  const names = manifest.disks.map(({ file }) => file);
  const found = await identifyFiles(place, directory, names, context);
  for (const [index, { file, sizeBytes }] of manifest.disks.entries()) {
    const has = found[index]?.sizeBytes;
    if (has !== sizeBytes) {
      throw new IntegrityError(
        `import ${posix.join(directory, file)}: it has ${String(has)} bytes, ${String(sizeBytes)} are expected`,
      );
    }
  }
  return manifest;
}

/** Disks of an image are never raw, and no two share a name. */
function refuseUnfit(directory: string, { disks }: Manifest): void {
  const raw = disks.find(({ format }) => format === 'raw');
  if (raw !== undefined) throw new IntegrityError(`import ${directory}: ${raw.file} is raw; an exported disk never is`);
  for (const names of [disks.map(({ name }) => name), disks.map(({ file }) => file)]) {
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    if (twice !== undefined) throw new IntegrityError(`import ${directory}: its manifest names ${twice} twice`);
  }
}

function compareSums(
  sums: ReadonlyMap<string, string>,
  { manifest, text, sumsPath }: { readonly manifest: Manifest; readonly text: string; readonly sumsPath: string },
): void {
  const expected = [
    ...manifest.disks.map(({ file, sha256 }) => [file, sha256] as const),
    [MANIFEST_FILE, sha256Of(text)] as const,
  ];
  for (const [file, sha256] of expected) {
    if (sums.get(file) === sha256) continue;
    const what = sums.has(file) ? 'another checksum' : 'no checksum';
    throw new IntegrityError(`import ${posix.dirname(sumsPath)}: ${SUMS_FILE} has ${what} for ${file}`);
  }
}

async function readText(place: LibraryPlace, path: string, context: CallContext): Promise<string | undefined> {
  try {
    const content = await place.shell.download(path, { signal: context.signal, timeoutMs: TRANSFER_MS });
    return Buffer.from(content).toString('utf8');
  } catch (error) {
    if (error instanceof NotFoundError) return undefined;
    throw error;
  }
}

function sha256Of(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
