import { userInfo } from 'node:os';
import { Option, type Command } from 'commander';
import type { ReplayRequest } from '../../client.ts';
import { InvalidInputError } from '../../domain/errors.ts';
import { onFailureValues, type OnFailure } from '../../domain/hold.ts';
import { addCommand } from '../command.ts';
import { conductRun, type RunOptions } from '../conduct-run.ts';
import { withClient } from '../connect.ts';
import { replayLocally } from '../replay-locally.ts';
import type { Session } from '../session.ts';
import { showCapturePlan } from '../show-capture-plan.ts';

interface ReplayOptions extends RunOptions {
  readonly local?: string;
  readonly from?: string;
  readonly by: string;
  readonly onFailure?: OnFailure;
  readonly dryRun?: true;
}

export function addRunsReplayCommand(runs: Command, session: Session): void {
  addCommand(runs, 'replay [run]', {
    summary: 'take a failed capture up again where it failed; or replay a history that lies in a file',
    examples: [
      'imprint runs replay captureImage/lab-07/monday --dry-run',
      'imprint runs replay captureImage/lab-07/monday',
      'imprint runs replay captureImage/lab-07/monday --from 5.1',
      'imprint runs replay --local monday.json',
    ],
  })
    .option('--from <step>', 'do everything again from this step on; default: what cannot be proved to be done still')
    .option('--by <name>', 'who asks for it', userInfo().username)
    .addOption(
      new Option('--on-failure <what>', 'at a step that fails: wait for an operator, or take the steps back').choices(
        onFailureValues,
      ),
    )
    .option('--request-key <key>', 'name of this request: asked twice, there is one run')
    .option('--dry-run', 'only read: print from where the run would go on, what it would do, and whether it fits')
    .option('--detach', 'start the run, print its id and leave')
    .option(
      '--local <file>',
      'a history, as `runs export` writes it: its steps, and the first event that the present code would not make; nothing but the file is read',
    )
    .action(async (run: string | undefined, options: ReplayOptions) => {
      if (options.local !== undefined && run === undefined) await replayLocally(session, options.local, options);
      else if (run !== undefined && options.local === undefined) await replay(session, run, options);
      else throw new InvalidInputError('name either a run that is over, or a history with --local FILE');
    });
}

async function replay(session: Session, run: string, options: ReplayOptions): Promise<void> {
  const request = requestOf(options);
  const key = options.requestKey === undefined ? {} : { requestKey: options.requestKey };
  if (options.dryRun !== true) {
    return await conductRun(session, options, async (client) => await client.replay(run, request, key));
  }
  const { node } = await withClient(async (client) => await client.catalog.runs.get(run));
  await showCapturePlan(session, options, node, async (client) => await client.planReplay(run, request));
}

function requestOf({ from, by, onFailure }: ReplayOptions): ReplayRequest {
  return { by, ...(from === undefined ? {} : { from }), ...(onFailure === undefined ? {} : { onFailure }) };
}
