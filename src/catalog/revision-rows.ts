import { z } from 'zod';
import { revisionStates, type Manifest, type Revision, type RevisionCopy } from '../domain/image.ts';
import type { ImageRow } from './catalog.ts';
import { integer, timestamp } from './rows.ts';

const bytes = z.number().int().nonnegative();

/**
 * What `publish` has written there, checked by its type. What comes from a file is another matter: the library's own schema reads that. The number
 * tells a later shape from this one.
 */
const manifest = z.custom<Manifest>(
  (value) => (value as Partial<Manifest> | null)?.schema === 1,
  'expected a manifest',
);

export const revisionRow: z.ZodType<Revision> = z.object({
  id: integer,
  imageId: integer,
  image: z.string(),
  revision: integer,
  operatingSystem: z.string(),
  osModule: z.string().exactOptional(),
  state: z.enum(revisionStates),
  owner: z.string().exactOptional(),
  comment: z.string(),
  author: z.string(),
  created: timestamp,
  sizeBytes: integer.exactOptional(),
  manifest: manifest.exactOptional(),
  stateChanged: timestamp.exactOptional(),
  stateChangedBy: z.string().exactOptional(),
});

export const selectRevisions = `SELECT r.id, r.image_id AS "imageId", i.name AS image, r.number AS revision,
  i.operating_system AS "operatingSystem", o.module AS "osModule", r.state, r.owner, r.comment, r.author, r.created,
  r.size_bytes AS "sizeBytes", r.manifest, r.state_changed AS "stateChanged", r.state_changed_by AS "stateChangedBy"
  FROM revisions r JOIN images i ON i.id = r.image_id JOIN operating_systems o ON o.name = i.operating_system`;

export const imageRow: z.ZodType<ImageRow> = z.object({
  id: integer,
  name: z.string(),
  operatingSystem: z.string(),
  productionRevision: integer.exactOptional(),
  promoted: timestamp.exactOptional(),
  promotedBy: z.string().exactOptional(),
});

export const selectImages = `SELECT id, name, operating_system AS "operatingSystem", production_revision AS "productionRevision",
  promoted, promoted_by AS "promotedBy" FROM images`;

const fileIdentity = z.object({
  file: z.string(),
  sizeBytes: bytes,
  inode: z.string(),
  modified: z.string(),
  changed: z.string(),
});

/** The two columns of the last full check are set together. */
export const copyRow: z.ZodType<RevisionCopy> = z
  .object({
    revisionId: integer,
    library: z.string(),
    path: z.string(),
    sizeBytes: integer,
    verifiedAt: timestamp.exactOptional(),
    verifiedFiles: z.array(fileIdentity).exactOptional(),
  })
  .transform(({ verifiedAt: at, verifiedFiles: files, ...copy }) =>
    at === undefined || files === undefined ? copy : { ...copy, verified: { at, files } },
  );

export const selectCopies = `SELECT revision_id AS "revisionId", library, path, size_bytes AS "sizeBytes",
  verified_at AS "verifiedAt", verified_files AS "verifiedFiles" FROM revision_copies`;
