import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CommanderError } from 'commander';
import { describeMachine } from '../bench/machine.ts';
import { errorChain } from '../src/domain/errors.ts';
import { createProgressReporter } from '../src/platform/progress.ts';
import { openStateDirectory, packageRoot } from '../src/platform/state-directory.ts';
import { ensureTemporalBinary } from '../src/platform/temporal-binary.ts';
import { parseArguments, type ChaosArguments } from './arguments.ts';
import { playControls } from './controls.ts';
import { play } from './play-simulated.ts';
import { playReal } from './real/play-real.ts';
import { updateDocuments } from './render/documents.ts';
import { summary } from './render/table.ts';
import { keep, type Results } from './results.ts';

try {
  process.exitCode = await main(parseArguments(process.argv.slice(2)));
} catch (error) {
  // Commander has said what was wrong.
  if (!(error instanceof CommanderError)) console.error(errorChain(error));
  process.exitCode = error instanceof CommanderError ? error.exitCode : 1;
}

async function main(asked: ChaosArguments): Promise<number> {
  if (asked.kind === 'render') {
    await updateDocuments(packageRoot());
    return 0;
  }
  process.env['IMPRINT_TEMPORAL_BINARY'] ??= await temporalBinary();
  const found: Results = { schema: 1, machine: await describeMachine(tmpdir()), ...(await playAsAsked(asked)) };
  console.log(`\n${summary(found)}`);
  if (asked.keep) {
    const file = asked.kind === 'real' ? 'real.json' : 'simulated.json';
    await keep(join(packageRoot(), 'chaos', 'results', file), found);
    await updateDocuments(packageRoot());
  }
  return isGood(found) ? 0 : 1;
}

async function temporalBinary(): Promise<string> {
  return (await ensureTemporalBinary(await openStateDirectory(), createProgressReporter())).path;
}

async function playAsAsked({ kind, options, controls }: ChaosArguments): Promise<Pick<Results, 'played' | 'controls'>> {
  const began = Date.now();
  const say = (line: string): void =>
    console.log(`[${String(Math.round((Date.now() - began) / 1000)).padStart(4)} s] ${line}`);
  if (kind === 'controls') return { controls: await playControls(controls, say) };
  return { played: await (kind === 'real' ? playReal : play)({ ...options, say }) };
}

function isGood({ played, controls }: Results): boolean {
  return (played?.violations ?? []).length === 0 && (controls ?? []).every(({ caughtBy }) => caughtBy.length > 0);
}
