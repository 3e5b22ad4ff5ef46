import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Manifest, Revision } from '../../src/domain/image.ts';
import { nameOfRevision } from '../../src/domain/image.ts';
import { formatManifest } from '../../src/library/manifest.ts';
import type { LibraryPlace } from '../../src/remote/library-place.ts';
import { simulatedSystem, type TestImprint } from './imprint.ts';

/**
 * Publishes the next revision of an image without a capture: a manifest and one file, in a library on this machine, by default that of the
 * management node.
 */
export async function publishByHand(
  imprint: TestImprint,
  image: string,
  library: Pick<LibraryPlace, 'name' | 'root'> = { name: 'mn-test', root: imprint.library },
): Promise<Revision> {
  return await publish(imprint, image, library, { content: Buffer.from('disk'), sha256: 'ab'.repeat(32) });
}

/** The same with a disk that is what the manifest says of it, in the library of the management node. */
export async function publishDisk(imprint: TestImprint, image: string, content: Buffer): Promise<Revision> {
  const sha256 = createHash('sha256').update(content).digest('hex');
  return await publish(imprint, image, { name: 'mn-test', root: imprint.library }, { content, sha256 });
}

async function publish(
  { catalog }: TestImprint,
  image: string,
  library: Pick<LibraryPlace, 'name' | 'root'>,
  { content, sha256 }: { readonly content: Buffer; readonly sha256: string },
): Promise<Revision> {
  const { length: bytes } = content;
  const owner = `importImage/${image}/${String(Math.random())}`;
  const request = { owner, image, operatingSystem: simulatedSystem, comment: '', author: 'test' };
  const revision = await catalog.revisions.reserve(request);
  const path = join(library.root, nameOfRevision(revision));
  const disk = {
    name: 'vda',
    file: 'vda.simulated',
    format: 'simulated',
    virtualSizeBytes: bytes,
    sizeBytes: bytes,
  } as const;
  const manifest: Manifest = {
    schema: 1,
    image,
    revision: revision.revision,
    revisionId: revision.id,
    operatingSystem: simulatedSystem,
    disks: [{ ...disk, sha256 }],
    source: { provisioningSystem: 'import', computer: 'import', run: owner },
    cleanShutdown: { kind: 'imported' },
    sealChecks: [],
    created: revision.created,
  };
  await mkdir(path, { recursive: true });
  await writeFile(join(path, 'manifest.json'), formatManifest(manifest));
  await writeFile(join(path, disk.file), content);
  const copy = { revisionId: revision.id, library: library.name, path, sizeBytes: bytes };
  return await catalog.revisions.publish(owner, revision.id, manifest, copy);
}

/** A revision that can be deleted, as the input of its deletion. */
export async function deletable(imprint: TestImprint): Promise<Revision & { readonly node: string }> {
  const { image, revision } = await publishByHand(imprint, imprint.fresh('web'));
  const retired = await imprint.catalog.revisionLife.retire({ image, revision }, 'test');
  return { ...retired, node: nameOfRevision(retired) };
}
