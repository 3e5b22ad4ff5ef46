import type { CallContext } from '../../domain/call-context.ts';
import { CommandFailedError, DeadlineError, UnsupportedError } from '../../domain/errors.ts';
import { nameOfRevision, type Revision } from '../../domain/image.ts';
import type { Shell } from '../../remote/shell.ts';
import type { TaskOutcome } from '../operating-system.ts';
import type { Site, SiteScript, SiteStage } from '../site.ts';
import { unknownDistributionStatus } from './distribution.ts';
import { requireDistribution } from './distributions.ts';
import { runScript } from './run-script.ts';
import { taskFunctions } from './task-report.ts';

/** For the lock, the transfer and an emulated guest, beyond what the script itself may take. */
const MARGIN_MS = 3 * 60_000;

/** The scripts of one stage, for one revision on one node. */
export interface StageRequest {
  readonly stage: SiteStage;
  readonly node: string;
  readonly revision: Revision;
  readonly additions: SiteAdditions;
}

export interface SiteAdditions {
  readonly site: Site;
  /** How long each script may take. */
  readonly scriptSeconds: number;
}

/**
 * Arguments: seconds that it may take, its size in bytes, then its own arguments. Standard input: the script of the site. It lies on the disk,
 * because /run may forbid execution. Prints its exit status, its duration and the end of its output, which goes into a file: what the script
 * leaves running in the background would keep a pipe open.
 */
export const siteScriptRunner = `${taskFunctions}${requireDistribution}${String.raw`
limit=$1 size=$2
shift 2
one_at_a_time $((limit + 60))
home=/var/lib/imprint/site-script
rm -rf "$home" && mkdir -p -m 0700 /var/lib/imprint "$home" || exit 1
cat >"$home/script" && [ "$(wc -c <"$home/script")" -eq "$size" ] || { echo 'the script was cut off' >&2; exit 1; }
chmod 0700 "$home/script"
clock; began=$clock
# timeout keeps the lock for as long as the script runs; what the script leaves in the background does not.
(cd / && exec timeout -k 10 "$limit" sh -c 'exec 9>&-; exec "$@"' script "$home/script" "$@") >"$home/output" 2>&1 </dev/null
status=$?
clock
printf 'imprint-site-script\t%s\t%s\n' "$status" "$((clock - began))"
tail -c 2000 "$home/output"
rm -rf "$home"
rmdir /var/lib/imprint 2>/dev/null || :
`}`;

/**
 * Runs every script of the stage on the system, in order, also after one that failed. DeadlineError when one took too long, CommandFailedError
 * when one ended with another status than 0; the evidence has the end of each output.
 */
export async function runSiteScripts(
  shell: Shell,
  request: StageRequest,
  context: CallContext,
): Promise<readonly TaskOutcome[]> {
  const { stage, revision, additions } = request;
  const ran: Ran[] = [];
  for (const script of await additions.site.scripts(stage, revision)) {
    ran.push(await runOne(shell, request, script, context));
  }
  const failed = ran.filter(({ status }) => status !== 0);
  const tasks = ran.map(outcomeOf);
  if (failed.length === 0) return tasks;
  const message = `could not do what the site wants for ${nameOfRevision(revision)} on ${request.node}: ${failed.map(describe).join(', ')}`;
  const output = Object.fromEntries(failed.map((one) => [one.script, one.output]));
  const options = { evidence: { tasks, output } };
  throw failed.some(isLate) ? new DeadlineError(message, options) : new CommandFailedError(message, options);
}

interface Ran {
  readonly script: string;
  readonly status: number;
  readonly durationMs: number;
  /** At most its last 2000 bytes. */
  readonly output: string;
  readonly limitSeconds: number;
}

async function runOne(shell: Shell, request: StageRequest, script: SiteScript, context: CallContext): Promise<Ran> {
  const { stage, node, revision, additions } = request;
  const limitSeconds = additions.scriptSeconds;
  const name = nameOfRevision(revision);
  const what = `run ${script.name} of the site on ${node}`;
  const result = await runScript(
    shell,
    {
      what,
      text: siteScriptRunner,
      args: [String(limitSeconds), String(script.content.byteLength), stage, node, revision.image, name],
      env: {
        ...{ IMPRINT_STAGE: stage, IMPRINT_NODE: node, IMPRINT_IMAGE: revision.image, IMPRINT_REVISION: name },
        IMPRINT_OPERATING_SYSTEM: revision.operatingSystem,
      },
      stdin: script.content,
      timeoutMs: limitSeconds * 2_000 + MARGIN_MS,
      allowedExitCodes: [0, unknownDistributionStatus],
    },
    context,
  );
  if (result.exitCode !== 0) throw new UnsupportedError(`${what}: ${result.stderr.trim()}`);
  const [, status = '', durationMs = '', output = ''] =
    /^imprint-site-script\t(\d+)\t(\d+)\n([^]*)$/.exec(result.stdout) ?? [];
  if (status === '')
    throw new CommandFailedError(`${what}: it told nothing of its end`, { evidence: { stdout: result.stdout } });
  return {
    script: script.name,
    status: Number(status),
    durationMs: Number(durationMs),
    output: output.trim(),
    limitSeconds,
  };
}

/** `timeout` ends with 124, or with 137 when it had to kill. */
function isLate({ status, durationMs, limitSeconds }: Ran): boolean {
  return status === 124 || (status === 137 && durationMs >= limitSeconds * 1_000);
}

function describe(ran: Ran): string {
  const how = isLate(ran)
    ? `took longer than ${String(ran.limitSeconds)} s`
    : `ended with status ${String(ran.status)}`;
  return `${ran.script} (${how}${lastLine(ran) === '' ? '' : `: ${lastLine(ran)}`})`;
}

function outcomeOf(ran: Ran): TaskOutcome {
  const { script: task, status, durationMs } = ran;
  if (status !== 0) return { task, outcome: 'failed', detail: describe(ran), durationMs };
  return { task, outcome: 'changed', detail: lastLine(ran) === '' ? 'done' : `done: ${lastLine(ran)}`, durationMs };
}

function lastLine({ output }: Ran): string {
  return (output.split('\n').at(-1) ?? '').trim().slice(0, 200);
}
