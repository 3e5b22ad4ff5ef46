import type { Invariant } from '../invariant.ts';
import { damageOf, publishedNames } from '../published.ts';

/** What a load can find under a revision's name is whole from the first moment on, and stays. */
export function nothingHalfWritten(): Invariant {
  const whole = new Set<string>();
  return {
    name: 'never a half-written image',
    look: async ({ imprint }) => {
      const fresh = (await publishedNames(imprint.library)).filter((name) => !whole.has(name));
      const wrong: string[] = [];
      for (const name of fresh) {
        const damage = await damageOf(imprint.library, name);
        if (damage === undefined) whole.add(name);
        else wrong.push(`${name} was visible, and not whole`);
      }
      return wrong;
    },
  };
}
