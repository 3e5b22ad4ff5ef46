import type { Command } from 'commander';
import { NotFoundError } from '../../domain/errors.ts';
import { formatTime } from '../amounts.ts';
import { addCommand } from '../command.ts';
import { withCatalog, withClient } from '../connect.ts';
import { exitStatuses } from '../exit-status.ts';
import { auditLines, isSettled } from '../render-audit.ts';
import { printResult, type OutputOptions, type Session } from '../session.ts';
import { paint } from '../style.ts';

interface DoctorOptions extends OutputOptions {
  readonly fix?: true;
  readonly last?: true;
}

export function addDoctorCommand(program: Command, session: Session): void {
  const command = addCommand(program, 'doctor', {
    summary: 'look for what belongs to no live run, and for what runs and images lack; changes nothing without --fix',
    examples: ['imprint doctor', 'imprint doctor --fix', 'imprint doctor --last --json'],
  });
  command
    .option(
      '--fix',
      'mend what can be mended; nothing that a run which goes on names, and no complete copy, is removed',
    )
    .option('--last', 'print what the latest look has found; the workers look every hour')
    .action(async (options: DoctorOptions) => {
      if (options.fix === true && options.last === true)
        command.error('--last only prints: give one of --fix and --last');
      await (options.last === true ? showLatest(session, options) : look(session, options));
    });
}

async function look(session: Session, options: DoctorOptions): Promise<void> {
  const purpose = options.fix === true ? 'mend' : 'report';
  const report = await withClient(async (client) => await client.audit({ purpose }));
  if (!report.findings.every(isSettled)) session.status = exitStatuses.found;
  printResult(session, options, { purpose, ...report }, paint(auditLines(report), session.terminal).join('\n'));
}

async function showLatest(session: Session, options: DoctorOptions): Promise<void> {
  const latest = await withCatalog(async (catalog) => await catalog.audits.latest());
  if (latest === undefined) throw new NotFoundError('nobody has looked yet; look now with: imprint doctor');
  if (!latest.findings.every(isSettled)) session.status = exitStatuses.found;
  const lines = [`Looked at ${formatTime(latest.ended)}.`, ...auditLines(latest)];
  printResult(session, options, latest, paint(lines, session.terminal).join('\n'));
}
