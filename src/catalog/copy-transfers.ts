import { z } from 'zod';
import { transferOwner, type CopyTransfer } from '../domain/copy-transfer.ts';
import { NotFoundError } from '../domain/errors.ts';
import type { Fence } from '../domain/fence.ts';
import type { RevisionCopy } from '../domain/image.ts';
import { lockFenced } from './computer-lock.ts';
import type { Database } from './database.ts';
import { integer, parseFirst, parseRows } from './rows.ts';

/** How copies are fetched from the library of a management node. */
export interface LibraryHost {
  readonly managementNode: string;
  readonly address: string;
  readonly sshUser: string;
  readonly sshPort: number;
  /** Public host keys, one `ssh-ed25519 AAAA…` each; none: nothing is fetched from it. */
  readonly hostKeys: readonly string[];
}

/** What an administrator may change of it; what is absent stays. */
export type LibraryHostChanges = Partial<Pick<LibraryHost, 'sshUser' | 'sshPort' | 'hostKeys'>>;

/** Copies on their way from one library to another, and the hosts that they come from. */
export interface CopyTransfers {
  /** Of the management node whose library has this name; undefined where it is another one. */
  hostOf(library: string): Promise<LibraryHost | undefined>;
  /** NotFoundError. */
  editHost(managementNode: string, changes: LibraryHostChanges): Promise<LibraryHost>;
  /**
   * Makes the run of the fence the one that brings the copy, and gives it a higher epoch than all before it had: they act no more. ConflictError
   * where the run owns its node no more.
   */
  begin(fence: Fence, transfer: CopyTransfer): Promise<Fence>;
  /** For whoever removes what runs that are over have left: an epoch above all before it. Undefined where nobody has begun to bring it. */
  supersede(owner: string): Promise<Fence | undefined>;
  /** The run that brings the copy, or has last tried to. */
  carrier(revisionId: number, library: string): Promise<string | undefined>;
  /** Of the run, those whose copy is not recorded. */
  unfinished(run: string): Promise<readonly CopyTransfer[]>;
  /** All whose copy is not recorded, with their runs. */
  open(): Promise<readonly (CopyTransfer & { readonly run: string })[]>;
  /** In one transaction: the run still owns its node, and the library has the copy. Recorded already: what was seen of it is renewed. */
  record(fence: Fence, copy: RevisionCopy): Promise<void>;
}

const host: z.ZodType<LibraryHost> = z.object({
  managementNode: z.string(),
  address: z.string(),
  sshUser: z.string(),
  sshPort: integer,
  hostKeys: z.array(z.string()),
});
const hostColumns =
  'name AS "managementNode", address, ssh_user AS "sshUser", ssh_port AS "sshPort", host_keys AS "hostKeys"';

const transfer = z.object({
  revisionId: integer,
  image: z.string(),
  revision: integer,
  library: z.string(),
  run: z.string(),
});
const begunRow = z.object({ epoch: integer });
const selectOpen = `SELECT t.revision_id AS "revisionId", i.name AS image, r.number AS revision, t.library, t.run
  FROM copy_transfers t JOIN revisions r ON r.id = t.revision_id JOIN images i ON i.id = r.image_id
  WHERE NOT EXISTS (SELECT FROM revision_copies c WHERE c.revision_id = t.revision_id AND c.library = t.library)`;

export function createCopyTransfers(database: Database): CopyTransfers {
  return {
    async hostOf(library) {
      const sql = `SELECT ${hostColumns} FROM management_nodes WHERE name = $1`;
      return parseFirst(host, await database.read(`look up the host of library ${library}`, sql, [library]));
    },
    async editHost(managementNode, { sshUser, sshPort, hostKeys }) {
      const rows = await database.change(
        `change how copies are fetched from ${managementNode}`,
        `UPDATE management_nodes SET ssh_user = coalesce($2, ssh_user), ssh_port = coalesce($3, ssh_port),
         host_keys = coalesce($4, host_keys) WHERE name = $1 RETURNING ${hostColumns}`,
        [managementNode, sshUser, sshPort, hostKeys],
      );
      const edited = parseFirst(host, rows);
      if (edited === undefined) throw new NotFoundError(`no management node ${JSON.stringify(managementNode)}`);
      return edited;
    },
    supersede: async (owner) => await supersede(database, owner),
    begin: async (fence, wanted) => await begin(database, fence, wanted),
    async carrier(revisionId, library) {
      const what = `look up who brings revision ${String(revisionId)} into library ${library}`;
      const sql = 'SELECT run FROM copy_transfers WHERE revision_id = $1 AND library = $2';
      return parseFirst(z.object({ run: z.string() }), await database.read(what, sql, [revisionId, library]))?.run;
    },
    async unfinished(run) {
      const rows = await database.read(`list the copies that ${run} brings`, `${selectOpen} AND t.run = $1`, [run]);
      return parseRows(transfer, rows);
    },
    async open() {
      return parseRows(transfer, await database.read('list the copies that are brought', selectOpen));
    },
    record: async (fence, copy) => await record(database, fence, copy),
  };
}

async function begin(database: Database, fence: Fence, wanted: CopyTransfer): Promise<Fence> {
  const owner = transferOwner(wanted);
  return await database.transaction(`begin to bring ${owner}`, async (statements) => {
    await lockFenced(statements, fence);
    const rows = await statements.rows(
      `INSERT INTO copy_transfers (revision_id, library, run) VALUES ($1, $2, $3)
       ON CONFLICT (revision_id, library) DO UPDATE SET run = excluded.run, epoch = copy_transfers.epoch + 1
       RETURNING epoch`,
      [wanted.revisionId, wanted.library, fence.owner],
    );
    const begun = parseFirst(begunRow, rows);
    if (begun === undefined) throw new Error(`no epoch was given for ${owner}`);
    return { node: fence.node, owner, epoch: begun.epoch };
  });
}

async function supersede(database: Database, owner: string): Promise<Fence | undefined> {
  const sql = `UPDATE copy_transfers t SET epoch = t.epoch + 1 FROM revisions r JOIN images i ON i.id = r.image_id
    WHERE r.id = t.revision_id AND 'bringCopy/' || t.library || '/' || i.name || '-v' || r.number = $1 RETURNING t.epoch`;
  const begun = parseFirst(begunRow, await database.change(`stop whoever brings ${owner}`, sql, [owner]));
  return begun && { node: '', owner, epoch: begun.epoch };
}

async function record(database: Database, fence: Fence, copy: RevisionCopy): Promise<void> {
  const what = `record the copy of revision ${String(copy.revisionId)} in library ${copy.library}`;
  await database.transaction(what, async (statements) => {
    await lockFenced(statements, fence);
    await statements.rows(
      `INSERT INTO revision_copies (revision_id, library, path, size_bytes, verified_at, verified_files)
       VALUES ($1, $2, $3, $4, $5, $6::jsonb)
       ON CONFLICT (revision_id, library) DO UPDATE SET path = excluded.path, size_bytes = excluded.size_bytes,
         verified_at = excluded.verified_at, verified_files = excluded.verified_files`,
      [copy.revisionId, copy.library, copy.path, copy.sizeBytes, copy.verified?.at, verifiedFiles(copy)],
    );
  });
}

function verifiedFiles({ verified }: RevisionCopy): string | undefined {
  return verified && JSON.stringify(verified.files);
}
