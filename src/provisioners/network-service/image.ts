import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import type { CallContext } from '../../domain/call-context.ts';
import { ConflictError, IntegrityError } from '../../domain/errors.ts';
import { type ImageDisk, nameOfRevision, type Revision } from '../../domain/image.ts';
import type { LoadRequest } from '../provisioner.ts';
import { parseServiceDefinition } from './definition.ts';
import type { ServiceNode } from './node.ts';
import type { ServiceImage } from './service.ts';

/** The configuration's file in a revision; ConflictError when it is of another kind of service, or of a machine. */
export function configurationOf({ service }: ServiceNode, revision: Revision): ImageDisk {
  const name = nameOfRevision(revision);
  const [file, ...more] = revision.manifest?.disks ?? [];
  if (file?.format !== 'configuration' || more.length > 0) {
    throw new ConflictError(`${name} is no configuration of a service: it has ${file?.format ?? 'nothing'}`);
  }
  const of = parseServiceDefinition(revision.manifest?.source.definition, name).service;
  if (of === service.kind) return file;
  throw new ConflictError(`${name} is a configuration of ${of}, and this is ${service.kind}`);
}

/** The image that a load brings, read from the library and hashed. IntegrityError when it is not what was published, or says nothing. */
export async function readImage(
  node: ServiceNode,
  { revision, copy, library }: LoadRequest,
  context: CallContext,
): Promise<ServiceImage> {
  const disk = configurationOf(node, revision);
  const path = posix.join(copy.path, disk.file);
  const bytes = await library.shell.download(path, { signal: context.signal, timeoutMs: 60_000 });
  const text = Buffer.from(bytes).toString('utf8');
  if (sha256Of(bytes) !== disk.sha256) throw new IntegrityError(`read ${path}: its content is not what was published`);
  if (text.trim() === '')
    throw new IntegrityError(`read ${path}: it is empty, and an empty configuration loads nothing`);
  return { text, definition: parseServiceDefinition(revision.manifest?.source.definition, path) };
}

export function sha256Of(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}
