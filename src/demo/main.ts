import { Command, Option } from 'commander';
import { connect } from '../client.ts';
import { errorChain, InvalidInputError } from '../domain/errors.ts';
import { startPlatform, type Platform } from '../platform/platform.ts';
import { createProgressReporter } from '../platform/progress.ts';
import { rememberSettings } from '../platform/remembered-settings.ts';
import type { DemoSystem } from './demo-system.ts';
import { demoSystems, shownByDefault } from './demo-systems.ts';
import { emptyDatabase, endEarlierRuns, removeMachines, startFresh } from './fresh-start.ts';
import { workerFiles } from './kept.ts';
import { makeReport, printReport, writeReport } from './report.ts';
import { startWorker } from './worker-process.ts';

interface Options {
  readonly system: string;
  readonly keep?: true;
  readonly report?: string;
  readonly simulated?: true;
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const reporter = createProgressReporter();

const program = new Command('npm run demo --')
  .description('Captures what a configured node holds as an image, and loads the image on another node.')
  .addOption(
    new Option('--system <name>', 'the provisioning system that is shown')
      .choices(Object.keys(demoSystems))
      .default(shownByDefault),
  )
  .option('--simulated', 'the same as --system simulated')
  .option('--keep', 'leave everything running for exploring')
  .option('--report <file>', 'write the facts as JSON')
  .addHelpText(
    'after',
    [
      '',
      'Systems:',
      ...Object.entries(demoSystems).map(([name, { summary }]) => `  ${name.padEnd(16)} ${summary}`),
      '',
      'Exit status: 0 when all of it held, 1 otherwise.',
      'Example: npm run demo -- --report demo.json',
    ].join('\n'),
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
  const system = chosen(options);
  say('Imprint demo: what is missing is installed and started first, everything below one state directory.');
  const platform = await startPlatform({
    needs: { libvirt: system.libvirt, packages: system.packages },
    report: reporter,
  });
  try {
    for (const line of platform.summary) say(`   ${line}`);
    return await onPlatform(platform, system, options, startedMs);
  } finally {
    if (options.keep !== true) await platform.stop();
  }
}

function chosen({ system, simulated }: Options): DemoSystem {
  const name = simulated === true ? 'simulated' : system;
  const found = demoSystems[name];
  if (found === undefined) throw new InvalidInputError(`--system: there is no demo of ${name}`);
  return found;
}

async function onPlatform(
  platform: Platform,
  system: DemoSystem,
  options: Options,
  startedMs: number,
): Promise<boolean> {
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
  const keep = options.keep === true;
  let settings: Readonly<Record<string, string>> = environment;
  try {
    const outcome = await system.tell({
      client,
      platform,
      directories,
      environment,
      reporter,
      say,
      keep,
      startWorker: async (more) => {
        settings = { ...environment, ...more };
        return await startWorker(settings, workerFiles(platform.state));
      },
    });
    const report = await makeReport(client.catalog, outcome, { temporalUi: platform.temporalUiUrl ?? '', startedMs });
    printReport(report, say);
    if (options.report !== undefined) await writeReport(report, options.report);
    if (keep) await leaveForExploring(platform, settings);
    return report.succeeded;
  } finally {
    await client.close();
    if (!keep && platform.libvirtUri !== undefined) await removeMachines(platform.libvirtUri);
  }
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
