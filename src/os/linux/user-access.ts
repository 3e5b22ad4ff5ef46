import type { CallContext } from '../../domain/call-context.ts';
import { IntegrityError } from '../../domain/errors.ts';
import type { Shell } from '../../remote/shell.ts';
import type { AccessChanged, AccessRequest, UserAccess } from '../user-access.ts';
import { accessTable, isInForce, parseRulesInForce } from './access-rules.ts';
import { runScript } from './run-script.ts';
import { checkTasks, parseTaskReport } from './task-report.ts';
import { changeAccessScript, checkAccessScript } from './user-access-script.ts';

const SCRIPT_MS = 2 * 60_000;

/** By a table of nftables of its own: it touches no rule of anybody else, and what these refuse stays refused. */
export const linuxUserAccess: UserAccess = {
  async check(shell, { user }, context) {
    const script = {
      what: `look for the account ${user}`,
      text: checkAccessScript,
      args: [user],
      timeoutMs: SCRIPT_MS,
    };
    const { stdout } = await runScript(shell, script, context);
    return stdout.split('\n').filter((line) => line !== '');
  },
  open: async (shell, request, context) => await change(shell, 'open', request, context),
  close: async (shell, request, context) => await change(shell, 'close', request, context),
};

const tasksOf = { open: ['rules', 'after-restart'], close: ['rules', 'after-restart', 'sessions'] } as const;

async function change(
  shell: Shell,
  verb: 'open' | 'close',
  { user, from, port, managers }: AccessRequest,
  context: CallContext,
): Promise<AccessChanged> {
  const what = `${verb} SSH of ${user} from ${from}`;
  const wanted = verb === 'open' ? from : undefined;
  const script = {
    what,
    text: changeAccessScript,
    args: [verb, user, managers.join(',')],
    stdin: accessTable({ port, ...(wanted === undefined ? {} : { from: wanted }) }),
    timeoutMs: SCRIPT_MS,
    allowedExitCodes: [0, 1],
  };
  const { stdout } = await runScript(shell, script, context);
  const tasks = parseTaskReport(stdout);
  checkTasks(`could not ${what}`, tasks, tasksOf[verb]);
  const inForce = parseRulesInForce(stdout);
  if (inForce !== undefined && isInForce(inForce, wanted)) return { tasks, ...inForce };
  throw new IntegrityError(`${what} on ${shell.host}: the rules in force are others`, { evidence: { ...inForce } });
}
