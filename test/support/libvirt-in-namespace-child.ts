import { ensurePrivateLibvirt } from '../../src/platform/libvirt-daemons.ts';
import { createProgressReporter } from '../../src/platform/progress.ts';
import { openStateDirectory } from '../../src/platform/state-directory.ts';

/** Starts the libvirt daemon of a state directory in the network namespace in which this runs, and prints its address. */
const { uri } = await ensurePrivateLibvirt(await openStateDirectory(process.argv[2]), createProgressReporter());
process.stdout.write(uri);
