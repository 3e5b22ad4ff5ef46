import { HOST_KEY } from '../../src/provisioners/simulated/machine.ts';
import { parseSimulatedDisk } from '../../src/domain/simulated-disk.ts';
import type { Invariant } from '../invariant.ts';
import { disksOf, manifestOf, publishedNames } from '../published.ts';

/** No image of a disk whose clean shutdown was not proved, or whose system was not sealed: the manifest says so, and the copy itself. */
export function proofOfShutdown(): Invariant {
  const proved = new Set<string>();
  const look: NonNullable<Invariant['look']> = async ({ imprint }) => {
    const names = (await publishedNames(imprint.library)).filter((name) => !proved.has(name));
    const wrong = names.map(async (name) => {
      const { cleanShutdown } = await manifestOf(imprint.library, name);
      const [text = ''] = (await disksOf(imprint.library, name)).values();
      const { system } = parseSimulatedDisk(text, name);
      return [
        ...(cleanShutdown.kind === 'clean' ? [] : [`${name}: its manifest has no proof of a clean shutdown`]),
        ...(system?.clean === true ? [] : [`${name}: the system on the copy was running`]),
        ...(system?.files[HOST_KEY] === undefined ? [] : [`${name}: the system on the copy is not sealed`]),
      ];
    });
    const found = (await Promise.all(wrong)).flat();
    if (found.length === 0) for (const name of names) proved.add(name);
    return found;
  };
  return { name: 'no disk captured without the proof', look, conclude: look };
}
