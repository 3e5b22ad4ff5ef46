import { writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { InvalidInputError } from '../../domain/errors.ts';
import { addCommand } from '../command.ts';
import { withClient } from '../connect.ts';
import { printResult, type OutputOptions, type Session } from '../session.ts';

interface ExportOptions extends OutputOptions {
  readonly output?: string;
}

export function addRunsExportCommand(runs: Command, session: Session): void {
  addCommand(runs, 'export <run>', {
    summary: "write a run's history, as Temporal's tools and `runs replay --local` read it",
    examples: [
      'imprint runs export captureImage/lab-07/monday --output monday.json',
      'imprint runs export captureImage/lab-07/monday > monday.json',
    ],
  })
    .option('--output <file>', 'write it into this file, which is replaced, and not to standard output')
    .action(async (run: string, options: ExportOptions) => await exportRun(session, run, options));
}

async function exportRun(session: Session, run: string, { output, ...options }: ExportOptions): Promise<void> {
  const { json, from, execution } = await withClient(async (client) => {
    await client.catalog.runs.get(run);
    return await client.run(run).history();
  });
  if (output === undefined) {
    session.terminal.print(json);
    return;
  }
  await writeFile(output, `${json}\n`).catch((cause: unknown) => {
    throw new InvalidInputError(`write the history into ${output}`, { cause });
  });
  const place = from === 'archive' ? 'the archive' : 'Temporal';
  const text = `The history of ${run} is in ${output}, from ${place}.\n  read it:  imprint runs replay --local ${output}`;
  printResult(session, options, { run, execution, from, file: output }, text);
}
