import { stopKept } from '../src/demo/kept.ts';
import { stopPlatform } from '../src/platform/platform.ts';
import { createProgressReporter } from '../src/platform/progress.ts';
import { stateDirectoryPath } from '../src/platform/state-directory.ts';

/** `npm run stop`: ends the servers and machines of this checkout's state directory, which `npm run demo -- --keep` left running. */
const report = createProgressReporter();
await report.during('Stopping', async () => {
  // Its worker first: it drains while what it needs is there.
  await stopKept({ path: stateDirectoryPath() });
  await stopPlatform();
});
report.line(`Nothing of ${stateDirectoryPath()} runs any more; its data is kept`);
