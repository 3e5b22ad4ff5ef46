import { createHash } from 'node:crypto';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/** Numbers that a seed decides. */
export interface Random {
  /** A whole number; both ends are possible. */
  whole(from: number, to: number): number;
  /** True in that share of the cases, from 0 to 1. */
  chance(share: number): boolean;
  /** Throws for none. */
  one<T>(of: readonly T[]): T;
  /** The same ones in another order. */
  shuffled<T>(all: readonly T[]): readonly T[];
  /** One of its own, decided by this one's seed and the name: what others draw does not change it. */
  fork(name: string): Random;
}

export function createRandom(seed: string): Random {
  const generator = xoroshiro128plus(createHash('sha256').update(seed).digest().readInt32BE());
  const whole = (from: number, to: number): number => uniformInt(generator, from, to);
  const index = (length: number): number => whole(0, length - 1);
  return {
    whole,
    chance: (share) => whole(1, 1_000_000) <= share * 1_000_000,
    one: (of) => {
      const found = of.length === 0 ? undefined : { one: of[index(of.length)] };
      if (found === undefined) throw new Error('there is nothing to choose from');
      return found.one as (typeof of)[number];
    },
    shuffled: (all) => {
      const left = [...all];
      return all.flatMap(() => left.splice(index(left.length), 1));
    },
    fork: (name) => createRandom(`${seed}/${name}`),
  };
}
