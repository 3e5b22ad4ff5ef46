import type { Invariant } from '../invariant.ts';
import { publishedNames } from '../published.ts';

/** Nobody asks for a deletion: what is in the library once stays there. */
export function nothingCompleteDeleted(): Invariant {
  const seen = new Set<string>();
  const look: NonNullable<Invariant['look']> = async ({ imprint }) => {
    const now = new Set(await publishedNames(imprint.library));
    const gone = [...seen].filter((name) => !now.has(name));
    for (const name of now) seen.add(name);
    return gone.map((name) => `${name} was in the library, and is there no more`);
  };
  return { name: 'no complete copy deleted', look, conclude: look };
}
