import type { CallContext } from '../../domain/call-context.ts';
import { formatCurrentImage } from '../../domain/current-image.ts';
import { IntegrityError } from '../../domain/errors.ts';
import { nameOfRevision } from '../../domain/image.ts';
import type { Shell } from '../../remote/shell.ts';
import type { PostLoadRequest, TaskOutcome } from '../operating-system.ts';
import { accessAsInput } from './account-tasks.ts';
import { postLoadScript, postLoadTasks, toleratedPostLoadTasks } from './post-load-script.ts';
import { runScript } from './run-script.ts';
import { checkTasks, parseTaskReport } from './task-report.ts';

/** Two hooks of the image's author may take 300 s each. */
const POST_LOAD_MS = 15 * 60_000;

/**
 * Makes a freshly loaded system ready and writes `vcld_post_load=success (…)`. IntegrityError when another revision is loaded than the one
 * asked for; CommandFailedError names other tasks that failed.
 */
export async function postLoad(
  shell: Shell,
  { computer, revision, access }: PostLoadRequest,
  context: CallContext,
): Promise<readonly TaskOutcome[]> {
  // No preCapture of ours wrote currentimage.txt into an image that was made elsewhere.
  const imported = revision.manifest?.cleanShutdown.kind === 'imported' ? formatCurrentImage(revision, computer) : '';
  const script = {
    what: `make ${computer.name} ready with ${nameOfRevision(revision)}`,
    text: postLoadScript,
    args: [nameOfRevision(revision), computer.name, String(Math.floor(Date.now() / 1_000)), imported],
    stdin: accessAsInput(access),
    timeoutMs: POST_LOAD_MS,
    allowedExitCodes: [0, 1],
  };
  const tasks = parseTaskReport((await runScript(shell, script, context)).stdout);
  const loaded = tasks.find(({ task }) => task === 'current-image');
  if (loaded?.outcome === 'failed')
    throw new IntegrityError(`could not ${script.what}: currentimage.txt: ${loaded.detail}`, { evidence: { tasks } });
  checkTasks(`could not ${script.what}`, tasks, postLoadTasks, toleratedPostLoadTasks);
  return tasks;
}
