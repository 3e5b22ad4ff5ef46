import { ConflictError } from './errors.ts';
import { referenceOf, type Revision } from './image.ts';

/**
 * Something that needs the bytes of a revision. `loaded`: a node that is loaded with it. `replaced`: a node on which disks of an earlier load may
 * still lie. `load`, `capture`: a run that works with it. `source`: a node whose disk is kept until the revision has been READY once.
 */
export interface RevisionUse {
  readonly kind: 'loaded' | 'replaced' | 'load' | 'capture' | 'source';
  /** Name of the node, or id of the run. */
  readonly name: string;
}

/** As many names as fit into one sentence. */
const NAMED = 5;

/** ConflictError that names whoever uses the revision, and says what to do; nothing when nobody does. */
export function refuseUsed(revision: Pick<Revision, 'image' | 'revision'>, uses: readonly RevisionUse[]): void {
  if (uses.length === 0) return;
  const kinds = [...new Set(uses.map(({ kind }) => kind))];
  const clauses = kinds.map((kind) =>
    sentences[kind](listOf(uses.filter((use) => use.kind === kind)), referenceOf(revision)),
  );
  throw new ConflictError(clauses.join('. '), { evidence: { uses: uses.map((use) => ({ ...use })) } });
}

const sentences: Readonly<Record<RevisionUse['kind'], (names: Names, what: string) => string>> = {
  loaded: ({ text, them }, what) => `${what} is loaded on ${text}; unload ${them} first`,
  replaced: ({ text, them }, what) =>
    `disks that were cloned from ${what} are kept on ${text}; load ${them} once more, or unload ${them}, first`,
  load: ({ text, them }, what) => `${what} is being loaded by ${text}; wait for ${them}`,
  capture: ({ text, them }, what) => `${what} is being captured by ${text}; wait for ${them}`,
  source: ({ text }, what) => `the disk of ${text} is kept until ${what} has been READY once; load it once first`,
};

interface Names {
  /** `lab-07, lab-08 and 3 more` */
  readonly text: string;
  readonly them: 'it' | 'them';
}

function listOf(uses: readonly RevisionUse[]): Names {
  const names = uses.map(({ name }) => name);
  const shown = names.slice(0, NAMED);
  const rest = names.length - shown.length;
  const parts = rest > 0 ? [...shown, `${String(rest)} more`] : shown;
  const last = parts.at(-1) ?? '';
  const text = parts.length < 2 ? last : `${parts.slice(0, -1).join(', ')} and ${last}`;
  return { text, them: names.length === 1 ? 'it' : 'them' };
}
