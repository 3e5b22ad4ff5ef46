import { Command } from 'commander';
import { exitStatusTable } from './command.ts';
import { addCaptureCommand } from './commands/capture.ts';
import { addCompletionCommands } from './commands/completion.ts';
import { addDoctorCommand } from './commands/doctor.ts';
import { addImagesCommands } from './commands/images.ts';
import { addImagingCommands } from './commands/imaging.ts';
import { addLoadCommand } from './commands/load.ts';
import { addManagementNodesCommands } from './commands/management-nodes.ts';
import { addNodesCommands } from './commands/nodes.ts';
import { addOperatingSystemsCommands } from './commands/operating-systems.ts';
import { addPowerCommand } from './commands/power.ts';
import { addRunsCommands } from './commands/runs.ts';
import { addSlotsCommands } from './commands/slots.ts';
import { addStatusCommand } from './commands/status.ts';
import { addSystemsCommands } from './commands/systems.ts';
import { addUnloadCommand } from './commands/unload.ts';
import { addUpCommand } from './commands/up.ts';
import { addWorkerCommand } from './commands/worker.ts';
import { wantsStacks } from './environment.ts';
import { exitStatusOf } from './exit-status.ts';
import { reportError } from './report-error.ts';
import type { Session, Signals } from './session.ts';
import type { Terminal } from './terminal.ts';

/** Runs one command line, without the program's name in front, and returns the exit status. Never throws. */
export async function runCommandLine(
  args: readonly string[],
  terminal: Terminal,
  signals: Signals = process,
): Promise<number> {
  const session: Session = { terminal, signals, status: 0 };
  try {
    await createProgram(session).parseAsync([...args], { from: 'user' });
    return session.status;
  } catch (error) {
    const status = exitStatusOf(error);
    if (status !== 0) reportError(error, terminal, { json: args.includes('--json'), stack: wantsStacks() });
    return status;
  }
}

/** All commands. */
export function createProgram(session: Session): Command {
  const { terminal } = session;
  const program = new Command('imprint')
    .description('Captures what a configured machine holds as an image, and loads images onto machines')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.print(text.trimEnd()),
      writeErr: (text) => terminal.complain(text.trimEnd()),
      getOutHasColors: () => terminal.colour,
      getErrHasColors: () => terminal.colour,
      getOutHelpWidth: () => terminal.width(),
      getErrHelpWidth: () => terminal.width(),
    })
    .showHelpAfterError('(add --help for what it takes)')
    .addHelpText(
      'after',
      `\nExit status:\n${exitStatusTable()}\n\nExamples:\n  $ imprint up\n  $ imprint capture lab-07 --image web`,
    );
  addCaptureCommand(program, session);
  addLoadCommand(program, session);
  addStatusCommand(program, session);
  addPowerCommand(program, session);
  addUnloadCommand(program, session);
  addNodesCommands(program, session);
  addImagesCommands(program, session);
  addRunsCommands(program, session);
  addManagementNodesCommands(program, session);
  addSystemsCommands(program, session);
  addOperatingSystemsCommands(program, session);
  addSlotsCommands(program, session);
  addDoctorCommand(program, session);
  addImagingCommands(program, session);
  addWorkerCommand(program, session);
  addUpCommand(program, session);
  addCompletionCommands(program, session);
  return program;
}
