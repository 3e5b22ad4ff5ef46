import { Argument, type Command } from 'commander';
import { addCommand } from '../command.ts';
import { conductRun, type RunOptions } from '../conduct-run.ts';
import { powerWords } from '../power-words.ts';
import { readNodeStatus } from '../read-node-status.ts';
import { printResult, type Session } from '../session.ts';

interface PowerOptions extends RunOptions {
  readonly force?: true;
}

type Asked = 'on' | 'off' | 'reset' | 'status';

export function addPowerCommand(program: Command, session: Session): void {
  addCommand(program, 'power <node>', {
    summary: 'power a node on or off, reset it, or read its power',
    examples: ['imprint power lab-07 off', 'imprint power lab-07 off --force', 'imprint power lab-07 status'],
  })
    .addArgument(new Argument('<action>', 'what is asked').choices(['on', 'off', 'reset', 'status']))
    .option('--force', 'for off: cut the power when the guest does not power off in time')
    .option('--request-key <key>', 'name of this request: asked twice, there is one run')
    .option('--detach', 'start the run, print its id and leave')
    .action(async (node: string, action: Asked, options: PowerOptions) => {
      if (action === 'status') await tellPower(session, node, options);
      else {
        const request = options.requestKey === undefined ? {} : { requestKey: options.requestKey };
        const input = { node, action, force: options.force ?? false };
        await conductRun(session, options, async (client) => await client.power(input, request));
      }
    });
}

async function tellPower(session: Session, node: string, options: PowerOptions): Promise<void> {
  const { rpower, reasons } = await readNodeStatus(session, node);
  const missing = reasons['rpower'] ?? 'its provisioning system gave no reading';
  const text = rpower === undefined ? `unknown: ${missing}` : powerWords(rpower);
  printResult(session, options, { node, power: rpower ?? { value: 'unknown', reason: missing } }, `${node}: ${text}`);
}
