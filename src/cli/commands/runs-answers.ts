import type { Command } from 'commander';
import type { HoldAnswer, HoldRecord } from '../../client.ts';
import { formatTime } from '../amounts.ts';
import { addCommand } from '../command.ts';
import { withClient } from '../connect.ts';
import { printResult, type OutputOptions, type Session } from '../session.ts';
import { table } from '../style.ts';
import { addHoldOption, addWho } from './runs-who.ts';
import { addRunsMoveCommand } from './runs-move.ts';
import { addRunsPowerCommand } from './runs-power.ts';

interface AnswerOptions extends OutputOptions {
  readonly reason?: string;
  readonly by: string;
  readonly hold?: string;
}

/** Commands of operators for runs that wait for them. */
export function addRunsAnswerCommands(runs: Command, session: Session): void {
  addHeld(runs, session);
  for (const [answer, summary] of answers) addAnswer(runs, session, answer, summary);
  addRunsPowerCommand(runs, session);
  addRunsMoveCommand(runs, session);
  addWho(
    addCommand(runs, 'pause <run>', {
      summary: 'make a run wait before its next step',
      examples: ['imprint runs pause captureImage/lab-07/monday --reason "switch is being replaced"'],
    }),
  ).action(async (id: string, { by, reason, ...options }: AnswerOptions) => {
    await withClient(async (client) => await client.run(id).pause({ by, ...(reason === undefined ? {} : { reason }) }));
    const text = `Run ${id} waits before its next step.\n  go on:  imprint runs resume ${id}`;
    printResult(session, options, { run: id, pauseRequested: true }, text);
  });
}

const answers: readonly (readonly [HoldAnswer, string])[] = [
  ['retry', 'take a held run up again at the step that failed, with the settings as they are now'],
  ['skip', 'let a held run go on without the step that failed, where the step allows that'],
  ['abort', 'give a held run up: its steps are taken back'],
  [
    'rescue',
    'give a held capture up, and its machine back to its user: power on, prepare where it was prepared; says what is gone',
  ],
  ['resume', 'let a paused run go on'],
];

function addHeld(runs: Command, session: Session): void {
  addCommand(runs, 'held', {
    summary: 'list the runs that wait for an operator, the oldest first',
    examples: ['imprint runs held', 'imprint runs held --json'],
  }).action(async (options: OutputOptions) => {
    const held = await withClient(async (client) => await client.catalog.holds.list());
    const head = ['run', 'why', 'since', 'step', 'reason', 'answers'];
    printResult(session, options, held, table(head, held.map(row), 'no run waits for an operator'));
  });
}

function row({ run, kind, parkedSince, since, step, title, reason, answers: possible }: HoldRecord): readonly string[] {
  const why = `${kind}${parkedSince === undefined ? '' : ', parked'}`;
  return [run, why, formatTime(since), `${step} ${title}`, reason, possible.join(', ')];
}

function addAnswer(runs: Command, session: Session, answer: HoldAnswer, summary: string): void {
  const usual = `imprint runs ${answer} captureImage/lab-07/monday --reason "disk was replaced"`;
  const command = addCommand(runs, `${answer} <run>`, { summary, examples: [usual] });
  addHoldOption(addWho(command)).action(async (id: string, { by, reason, hold, ...options }: AnswerOptions) => {
    const given = { by, ...(reason === undefined ? {} : { reason }), ...(hold === undefined ? {} : { hold }) };
    const answered = await withClient(async (client) => await client.run(id).answer(answer, given));
    const text = `Answered ${answer} at step ${answered.step} ${answered.title}.\n  watch it:  imprint runs watch ${id}`;
    printResult(session, options, { run: id, answer, hold: answered }, text);
  });
}
