import { Argument, type Command } from 'commander';
import type { HeldPowerGiven } from '../../client.ts';
import { powerActions, type PowerAction } from '../../domain/power.ts';
import { addCommand } from '../command.ts';
import { withClient } from '../connect.ts';
import { powerWords } from '../power-words.ts';
import { printResult, type OutputOptions, type Session } from '../session.ts';
import { addBy, addHoldOption } from './runs-who.ts';

type PowerOptions = OutputOptions & Omit<HeldPowerGiven, 'action'>;

/** Power on a node whose run waits for an operator. */
export function addRunsPowerCommand(runs: Command, session: Session): void {
  const power = addCommand(runs, 'power <run>', {
    summary: 'power the node of a held run on or off, or reset it; the run goes on waiting',
    examples: ['imprint runs power loadNode/lab-07/monday reset --reason "hangs while it boots"'],
  })
    .addArgument(new Argument('<action>', 'what is asked').choices(powerActions))
    .requiredOption('--reason <text>', 'why; kept in the record of the run')
    .option('--force', 'for off: cut the power when the guest does not power off in time');
  addHoldOption(addBy(power)).action(
    async (id: string, action: PowerAction, { json: _json, ...asked }: PowerOptions, command: Command) => {
      const reading = await withClient(async (client) => await client.run(id).power({ ...asked, action }));
      const text = `The node reads ${powerWords(reading)}; run ${id} goes on waiting.`;
      printResult(session, command.opts(), { run: id, action, power: reading }, text);
    },
  );
}
