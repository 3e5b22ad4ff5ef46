import { Command } from 'commander';
import { connect } from '../client.ts';
import { errorChain } from '../domain/errors.ts';
import { buildGuestImage } from '../platform/guest-image.ts';
import { findAccelerator } from '../platform/kvm.ts';
import { startPlatform, type Platform } from '../platform/platform.ts';
import { createProgressReporter } from '../platform/progress.ts';
import { rememberSettings } from '../platform/remembered-settings.ts';
import { writeSecrets, writeSimulatedSecrets, type DemoDirectories } from './directories.ts';
import { emptyDatabase, endEarlierRuns, removeMachines, startFresh } from './fresh-start.ts';
import type { DemoParts } from './parts.ts';
import { workerFiles } from './kept.ts';
import { createRealParts } from './real-parts.ts';
import { register } from './register.ts';
import { makeReport, printReport, writeReport } from './report.ts';
import { createSimulatedParts } from './simulated-parts.ts';
import { tellStory } from './story.ts';
import { startWorker } from './worker-process.ts';

interface Options {
  readonly keep?: true;
  readonly report?: string;
  readonly simulated?: true;
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const reporter = createProgressReporter();

const program = new Command('npm run demo --')
  .description(
    'Captures a configured machine as an image, kills the worker in the middle of the copy, and loads the image on another machine.',
  )
  .option('--simulated', 'tell the same story in a simulated world, without virtual machines')
  .option('--keep', 'leave everything running for exploring')
  .option('--report <file>', 'write the facts as JSON')
  .addHelpText(
    'after',
    '\nExit status: 0 when all of it held, 1 otherwise.\nExample: npm run demo -- --report demo.json',
  );

program.parse();
try {
  process.exitCode = (await demo(program.opts<Options>())) ? 0 : 1;
} catch (error) {
  process.stderr.write(`\nThe demo failed: ${errorChain(error)}\n`);
  process.exitCode = 1;
}

async function demo(options: Options): Promise<boolean> {
  const startedMs = Date.now();
  const real = options.simulated !== true;
  say('Imprint demo: what is missing is installed and started first, everything below one state directory.');
  const platform = await startPlatform({
    needs: { libvirt: real, packages: real ? ['vm', 'sealCheck', 'ssh'] : [] },
    report: reporter,
  });
  try {
    for (const line of platform.summary) say(`   ${line}`);
    return await onPlatform(platform, options, startedMs);
  } finally {
    if (options.keep !== true) await platform.stop();
  }
}

async function onPlatform(platform: Platform, options: Options, startedMs: number): Promise<boolean> {
  const directories = await startFresh(platform.state, platform.libvirtUri);
  const environment = {
    ...platform.environment,
    DATABASE_URL: await emptyDatabase(platform.databaseUrl),
    IMPRINT_MANAGEMENT_NODE: 'demo',
    IMPRINT_LIBRARY: directories.library,
    IMPRINT_SECRETS: directories.secrets,
  };
  // Temporal's client reads its standard settings from there, and the processes that the demo starts inherit them.
  // eslint-disable-next-line no-restricted-syntax -- the demo chooses the settings; nothing of it is configured
  Object.assign(process.env, environment);
  await endEarlierRuns();
  const client = await connect({ databaseUrl: environment.DATABASE_URL });
  try {
    const parts = await makeParts(options, platform, directories, client.catalog);
    say(`   ${parts.introduction}`);
    try {
      const workerEnvironment = { ...environment, ...parts.workerEnvironment };
      await register(client.catalog, parts, workerEnvironment, say);
      const files = workerFiles(platform.state);
      const stage = {
        client,
        parts,
        say,
        keepWorker: options.keep === true,
        startWorker: async () => await startWorker(workerEnvironment, files),
      };
      const outcome = await tellStory(stage);
      const report = await makeReport(client.catalog, outcome, { temporalUi: platform.temporalUiUrl ?? '', startedMs });
      printReport(report, say);
      if (options.report !== undefined) await writeReport(report, options.report);
      if (options.keep === true) await leaveForExploring(platform, workerEnvironment);
      return report.succeeded;
    } finally {
      await parts.close();
    }
  } finally {
    await client.close();
    if (options.keep !== true && platform.libvirtUri !== undefined) await removeMachines(platform.libvirtUri);
  }
}

async function makeParts(
  options: Options,
  platform: Platform,
  directories: DemoDirectories,
  catalog: Parameters<typeof createRealParts>[0],
): Promise<DemoParts> {
  if (options.simulated === true) {
    await writeSimulatedSecrets(directories);
    return await createSimulatedParts(catalog, directories);
  }
  const guest = await reporter.during('Preparing the guest image', async (detail) => {
    return await buildGuestImage({ directory: await platform.state.directory('guest'), report: detail });
  });
  await writeSecrets(directories, guest);
  const accelerator = await reporter.during(
    'Trying whether KVM works',
    async () => await findAccelerator({ kernel: guest.kernel, timeoutMs: 20_000 }),
  );
  const ports = [await platform.state.freePort('demo-1'), await platform.state.freePort('demo-2')] as const;
  return createRealParts(catalog, directories, { guest, accelerator, ports, uri: platform.libvirtUri ?? '' });
}

/** The command line finds what runs here without any settings. */
async function leaveForExploring(
  { state, temporalUiUrl }: Platform,
  environment: Readonly<Record<string, string>>,
): Promise<void> {
  await rememberSettings(state, 'demo', environment);
  say('');
  say(`Everything is left running. Temporal UI: ${temporalUiUrl ?? 'as configured'}`);
  say(`State: ${state.path}; worker log: ${workerFiles(state).logFile}`);
  say('Look around in this checkout, no settings are needed:  npm run imprint -- nodes list');
  say('End it:  npm run stop   (the next demo begins anew)');
}
