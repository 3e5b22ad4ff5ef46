import { fileURLToPath } from 'node:url';
import { packageRoot } from '../../src/platform/state-directory.ts';
import { keepReleased } from './keep-released.ts';
import { digestWorkflows } from './workflow-code.ts';

/** `npm run histories:release VERSION`, once for each release: from then on its histories are replayed by every later version. */

const [version = ''] = process.argv.slice(2);
if (!/^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/.test(version)) throw new Error('expected a version, such as 0.2.0');
await keepReleased(fileURLToPath(new URL('.', import.meta.url)), version, await digestWorkflows(packageRoot()));
process.stdout.write(`The histories of ${version} are kept in test/replay/released/${version}.\n`);
