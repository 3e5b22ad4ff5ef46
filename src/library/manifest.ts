import { z } from 'zod';
import { IntegrityError } from '../domain/errors.ts';
import { diskFormats, imageClasses, type Manifest } from '../domain/image.ts';
import type { CallContext } from '../domain/call-context.ts';
import type { LibraryPlace } from '../remote/library-place.ts';
import { fileIn } from './paths.ts';

/** File name of the manifest inside a revision's directory. */
export const MANIFEST_FILE = 'manifest.json';

const TRANSFER_MS = 60_000;

const fileName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, 'expected a file name without path characters');
const bytes = z.int().nonnegative();

const disk = z.object({
  name: fileName,
  file: fileName,
  format: z.enum(diskFormats),
  virtualSizeBytes: bytes,
  sizeBytes: bytes,
  sha256: z.string().regex(/^[0-9a-f]{64}$/, 'expected 64 lower-case hexadecimal digits'),
});

const cleanShutdown = z.object({
  kind: z.enum(['clean', 'forced', 'imported', 'none']),
  reason: z.string().exactOptional(),
  offSince: z.string().exactOptional(),
  notSeen: z.string().exactOptional(),
});

const sealCheck = z.object({
  check: z.string(),
  outcome: z.enum(['passed', 'failed', 'unknown']),
  found: z.string(),
});

const manifestSchema = z.object({
  schema: z.literal(1),
  image: z.string().min(1),
  revision: z.int().min(1),
  revisionId: z.int().min(1),
  operatingSystem: z.string(),
  imageClass: z.enum(imageClasses).exactOptional(),
  disks: z.array(disk).min(1),
  source: z.object({
    provisioningSystem: z.string(),
    computer: z.string(),
    run: z.string(),
    definition: z.string().exactOptional(),
  }),
  cleanShutdown,
  sealChecks: z.array(sealCheck),
  created: z.string(),
  origin: z
    .object({
      image: z.string(),
      revision: z.number().int(),
      revisionId: z.number().int(),
      run: z.string(),
      created: z.string(),
    })
    .exactOptional(),
  catalog: z.object({ comment: z.string(), author: z.string(), osModule: z.string().exactOptional() }).exactOptional(),
});

/** Reads the text of a manifest. IntegrityError, naming `file` and each wrong field, when it is not one. */
export function parseManifest(text: string, file: string): Manifest {
  const parsed = manifestSchema.safeParse(readJson(text, file));
  if (parsed.success) return parsed.data;
  throw new IntegrityError(`read the manifest ${file}: it is not a manifest`, {
    cause: parsed.error,
    evidence: { problems: parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`) },
  });
}

export function formatManifest(manifest: Manifest): string {
  return `${JSON.stringify(manifest, undefined, 2)}\n`;
}

/** Writes it into a directory of the library, whole or not at all; over an older one of the same run. */
export async function writeManifest(
  place: LibraryPlace,
  directory: string,
  manifest: Manifest,
  context: CallContext,
): Promise<void> {
  const options = { signal: context.signal, timeoutMs: TRANSFER_MS, mode: 0o444 };
  await place.shell.upload(formatManifest(manifest), fileIn(directory, MANIFEST_FILE), options);
}

/** NotFoundError when there is none, IntegrityError when it is damaged. */
export async function readManifest(place: LibraryPlace, directory: string, context: CallContext): Promise<Manifest> {
  const file = fileIn(directory, MANIFEST_FILE);
  const content = await place.shell.download(file, { signal: context.signal, timeoutMs: TRANSFER_MS });
  return parseManifest(Buffer.from(content).toString('utf8'), file);
}

function readJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new IntegrityError(`read the manifest ${file}: it is not JSON`, { cause });
  }
}
