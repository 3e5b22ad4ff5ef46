import type { Invariant } from '../../invariant.ts';
import { manifestOf, publishedNames } from '../../published.ts';
import type { RealStage } from '../real-stage.ts';

/** No image of a disk whose clean shutdown was not proved, or whose system was not sealed: its manifest says what was looked at on the copy. */
export const proofOnCopy: Invariant<RealStage> = {
  name: 'no disk captured without the proof',
  conclude: async ({ imprint }) => {
    const names = (await publishedNames(imprint.library)).filter((name) => name.startsWith('image-'));
    const wrong = names.map(async (name) => {
      const { cleanShutdown, sealChecks } = await manifestOf(imprint.library, name);
      const open = sealChecks.filter(({ outcome }) => outcome !== 'passed').map(({ check }) => check);
      return [
        ...(cleanShutdown.kind === 'clean' ? [] : [`${name}: its manifest has no proof of a clean shutdown`]),
        ...(sealChecks.length === 0 ? [`${name}: nobody looked at its seal`] : []),
        ...open.map((check) => `${name}: the seal's ${check} was not proved`),
      ];
    });
    return (await Promise.all(wrong)).flat();
  },
};
