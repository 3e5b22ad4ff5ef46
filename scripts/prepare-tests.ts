import { ensureEnvironment } from '../src/imaging/environment/build.ts';
import { buildGuestImage } from '../src/platform/guest-image.ts';
import { openStateDirectory } from '../src/platform/state-directory.ts';
import { installTestNeeds } from './test-needs.ts';

/**
 * Does beforehand what the first test that needs it would wait for: programs, the guest of the virtual machines, the imaging environment. What
 * fails here is said; the tests try it again.
 */
const state = await openStateDirectory();
const { attempt } = await installTestNeeds(state);
await attempt('imaging', async () => await ensureEnvironment(await state.directory('imaging')));
await attempt('vm', async () => {
  await buildGuestImage({ directory: await state.directory('guest'), report: (line) => console.log(line) });
});
