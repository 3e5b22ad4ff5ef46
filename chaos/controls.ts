import type { Mutation } from './controls/mutation.ts';
import { mutations } from './controls/mutations.ts';
import { play } from './play-simulated.ts';
import type { Violation } from './invariant.ts';
import type { Control } from './results.ts';

/** Plays Imprint with each of the mistakes, one after the other, and says what caught it. */
export async function playControls(names: readonly string[], say: (line: string) => void): Promise<Control[]> {
  const chosen = names.map(find);
  const controls: Control[] = [];
  for (const mutation of chosen) controls.push(await playControl(mutation, say));
  return controls;
}

function find(name: string): Mutation {
  const found = mutations.find((mutation) => mutation.name === name);
  if (found === undefined) throw new Error(`there is no mutation ${name}; see --help`);
  return found;
}

export async function playControl(mutation: Mutation, say: (line: string) => void): Promise<Control> {
  const began = Date.now();
  say(`With the mistake "${mutation.name}": ${mutation.about}`);
  const violations = await playUntilCaught(mutation, say);
  const invariants = [...new Set(violations.map(({ invariant }) => invariant))];
  const caughtBy = invariants.flatMap((name) => violations.filter(({ invariant }) => invariant === name).slice(0, 1));
  say(caughtBy.length === 0 ? `NOT CAUGHT: ${mutation.name}` : `caught by: ${invariants.join(', ')}`);
  return {
    mutation: mutation.name,
    about: mutation.about,
    seconds: Math.round((Date.now() - began) / 1000),
    caughtBy,
  };
}

/** Whether a fault meets the mistake is a matter of luck, and of how busy the machine is: another storm comes where the first one did not. */
const stormsMost = 3;

async function playUntilCaught(mutation: Mutation, say: (line: string) => void): Promise<readonly Violation[]> {
  for (let storm = 1; storm <= stormsMost; storm += 1) {
    const { violations } = await play({
      seed: storm === 1 ? mutation.name : `${mutation.name} ${String(storm)}`,
      kills: 20,
      nodes: 20,
      workers: 2,
      atOnce: 6,
      meanMs: 2_500,
      endMs: 5 * 60_000,
      mutation,
      say,
    });
    if (violations.length > 0) return violations;
  }
  return [];
}
