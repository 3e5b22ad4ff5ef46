import type { Computer } from './computer.ts';
import { nameOfRevision, type Revision } from './image.ts';

/** What currentimage.txt says is loaded. The format is Apache VCL's: a first bare line with the revision's name, then `key=value`. */
export interface CurrentImage {
  readonly name: string;
  readonly imageId?: number;
  readonly revisionId?: number;
  /** Text of `vcld_post_load=…`; absent until postLoad has succeeded on this machine. */
  readonly postLoad?: string;
  /** Text of `vcld_tainted=…`; present once a user may have changed the system. */
  readonly tainted?: string;
}

/** Reads currentimage.txt; undefined when its first line is empty or missing. CRLF is accepted (VCL writes it on Windows). */
export function parseCurrentImage(text: string): CurrentImage | undefined {
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  const name = lines[0];
  if (name === undefined || name === '' || name.includes('=')) return undefined;
  const tags = new Map(lines.slice(1).flatMap(readTag));
  const imageId = readId(tags.get('id'));
  const revisionId = readId(tags.get('imagerevision_id'));
  const postLoad = tags.get('vcld_post_load');
  const tainted = tags.get('vcld_tainted');
  return {
    name,
    ...(imageId === undefined ? {} : { imageId }),
    ...(revisionId === undefined ? {} : { revisionId }),
    ...(postLoad === undefined ? {} : { postLoad }),
    ...(tainted === undefined ? {} : { tainted }),
  };
}

/** The seven lines that Apache VCL writes at pre_capture, for a revision captured from a computer. Ends in a newline. */
export function formatCurrentImage(revision: Revision, computer: Pick<Computer, 'id' | 'name'>): string {
  return [
    nameOfRevision(revision),
    `id=${String(revision.imageId)}`,
    `prettyname=${revision.image}`,
    `imagerevision_id=${String(revision.id)}`,
    `imagerevision_datecreated=${revision.created.slice(0, 19).replace('T', ' ')}`,
    `computer_id=${String(computer.id)}`,
    `computer_hostname=${computer.name}`,
    '',
  ].join('\n');
}

function readTag(line: string): [string, string][] {
  const at = line.indexOf('=');
  return at > 0 ? [[line.slice(0, at), line.slice(at + 1)]] : [];
}

function readId(value: string | undefined): number | undefined {
  return value !== undefined && /^\d+$/.test(value) ? Number(value) : undefined;
}
