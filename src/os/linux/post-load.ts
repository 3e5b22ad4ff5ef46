import type { CallContext } from '../../domain/call-context.ts';
import { formatCurrentImage } from '../../domain/current-image.ts';
import { IntegrityError } from '../../domain/errors.ts';
import { isImported, nameOfRevision } from '../../domain/image.ts';
import type { Shell } from '../../remote/shell.ts';
import type { PostLoadRequest, TaskOutcome } from '../operating-system.ts';
import { accessAsInput } from './account-tasks.ts';
import { postLoadScript, postLoadTasks, statusScript, toleratedPostLoadTasks } from './post-load-script.ts';
import { runScript } from './run-script.ts';
import { runTasks } from './run-tasks.ts';
import { runSiteScripts, type SiteAdditions } from './site-scripts.ts';
import { checkTasks, parseTaskReport } from './task-report.ts';

/** Two hooks of the image's author may take 300 s each. */
const POST_LOAD_MS = 15 * 60_000;
const STATUS_MS = 12 * 60_000;

interface LinuxPostLoadRequest extends PostLoadRequest {
  readonly additions: SiteAdditions;
  /** Addresses and networks from which SSH is accepted; empty: all. */
  readonly sshSources: readonly string[];
}

/**
 * Makes a freshly loaded system ready, runs the scripts of the site, and writes `vcld_post_load=success (…)`. IntegrityError when another
 * revision is loaded than the one asked for; CommandFailedError names other tasks and scripts that failed, DeadlineError a script that took
 * too long. The same call again does what is left, and every script again.
 */
export async function postLoad(
  shell: Shell,
  request: LinuxPostLoadRequest,
  context: CallContext,
): Promise<readonly TaskOutcome[]> {
  const { computer, revision, additions } = request;
  const tasks = await makeReady(shell, request, context);
  const stage = { stage: 'post_load', node: computer.name, revision, additions } as const;
  const scripts = await runSiteScripts(shell, stage, context);
  const what = `write on ${computer.name} that it is ready`;
  const script = { what, text: statusScript, args: [], timeoutMs: STATUS_MS, expected: ['status'] };
  return [...tasks, ...scripts, ...(await runTasks(shell, script, context))];
}

async function makeReady(
  shell: Shell,
  { computer, revision, access, sshSources }: LinuxPostLoadRequest,
  context: CallContext,
): Promise<readonly TaskOutcome[]> {
  // No preCapture of ours wrote currentimage.txt into an image that was made elsewhere.
  const imported = isImported(revision) ? formatCurrentImage(revision, computer) : '';
  const now = String(Math.floor(Date.now() / 1_000));
  const script = {
    what: `make ${computer.name} ready with ${nameOfRevision(revision)}`,
    text: postLoadScript,
    args: [nameOfRevision(revision), computer.name, now, sshSources.join(','), imported],
    stdin: accessAsInput(access),
    timeoutMs: POST_LOAD_MS,
    allowedExitCodes: [0, 1],
  };
  const tasks = parseTaskReport((await runScript(shell, script, context)).stdout);
  const loaded = tasks.find(({ task }) => task === 'current-image');
  if (loaded?.outcome === 'failed')
    throw new IntegrityError(`could not ${script.what}: currentimage.txt: ${loaded.detail}`, { evidence: { tasks } });
  const expected = [...postLoadTasks.map(([name]) => name), 'vcl-post-load'];
  checkTasks(`could not ${script.what}`, tasks, expected, toleratedPostLoadTasks);
  return tasks;
}
