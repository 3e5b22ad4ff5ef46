import { posix } from 'node:path';
import type { ReservationRequest } from '../catalog/catalog.ts';
import type { CallContext } from '../domain/call-context.ts';
import { InvalidInputError } from '../domain/errors.ts';
import type { Manifest } from '../domain/image.ts';
import { parseImageName, parseName } from '../domain/names.ts';
import { readExported } from '../library/exported-image.ts';
import type { FileToImport, ImportedFacts } from '../library/import-image.ts';
import type { LibraryPlace } from '../remote/library-place.ts';

/** An image that was made elsewhere, to become the next revision of `image`. */
export interface ImageToImport {
  readonly image: string;
  /** Disk files, the boot disk first; or the directory that an export wrote. */
  readonly from: { readonly files: readonly FileToImport[] } | { readonly directory: string };
  /** Needed for files; a directory says it itself. */
  readonly operatingSystem?: string;
  /** Key of the OS module; counts when the operating system is new. Default: what the directory says, else `linux`, `simulated` for simulated disks. */
  readonly osModule?: string;
  /** Default: what the directory says, else empty. */
  readonly comment?: string;
  readonly author: string;
}

/** The same with everything filled in. */
export interface DescribedImport {
  readonly reservation: Omit<ReservationRequest, 'owner' | 'fence'>;
  readonly osModule?: string;
  readonly files: readonly FileToImport[];
  readonly facts?: ImportedFacts;
}

/** Fills in what is known of the image; reads only. InvalidInputError names what is missing or contradicts the directory. */
export async function describeImport(
  library: LibraryPlace,
  request: ImageToImport,
  context: CallContext,
): Promise<DescribedImport> {
  if ('directory' in request.from) {
    const { directory } = request.from;
    return describeExported(request, { directory, manifest: await readExported(library, directory, context) });
  }
  const { files } = request.from;
  if (files.length === 0) throw new InvalidInputError(`import ${request.image}: name at least one disk file`);
  if (request.operatingSystem === undefined) {
    throw new InvalidInputError(`import ${request.image}: name the operating system on it (--os)`);
  }
  return { ...common(request, request.operatingSystem, request.comment ?? ''), files };
}

function describeExported(
  request: ImageToImport,
  { directory, manifest }: { readonly directory: string; readonly manifest: Manifest },
): DescribedImport {
  const { operatingSystem, disks, source, imageClass, cleanShutdown, sealChecks, catalog } = manifest;
  if (request.operatingSystem !== undefined && request.operatingSystem !== operatingSystem) {
    throw new InvalidInputError(`${directory} holds ${operatingSystem}, not ${request.operatingSystem}`);
  }
  const osModule = request.osModule ?? catalog?.osModule;
  const { image, revision, revisionId, created } = manifest;
  const { run, ...machine } = source;
  const { reservation } = common(request, operatingSystem, request.comment ?? catalog?.comment ?? '');
  return {
    reservation: { ...reservation, capturedFrom: source.computer },
    ...(osModule === undefined ? {} : { osModule }),
    files: disks.map(({ name, file, format, sha256 }) => ({ path: posix.join(directory, file), format, name, sha256 })),
    facts: {
      source: machine,
      ...(imageClass === undefined ? {} : { imageClass }),
      cleanShutdown,
      sealChecks,
      origin: manifest.origin ?? { image, revision, revisionId, run, created },
    },
  };
}

function common(
  { image, author, osModule }: ImageToImport,
  operatingSystem: string,
  comment: string,
): Pick<DescribedImport, 'reservation' | 'osModule'> {
  const names = { image: parseImageName(image), operatingSystem: parseName('operating system', operatingSystem) };
  return { reservation: { ...names, comment, author }, ...(osModule === undefined ? {} : { osModule }) };
}
