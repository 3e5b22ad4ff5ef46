import { posix } from 'node:path';
import type { CallContext } from '../../domain/call-context.ts';
import type { Evidence, PlanStep } from '../../domain/plan.ts';
import type { CaptureRequest } from '../provisioner.ts';
import { endHostJob, type HostJob, runHostJob } from './host-job.ts';
import { disksOf } from './names.ts';
import { requireRepository, type XcatNode } from './node.ts';
import { removeFiles } from './repository-files.ts';

/**
 * Pairs of source and target. On one file system the file gets its new name without being copied; a target that is there is whole, because it gets its
 * name last, and only then the source goes.
 */
const COLLECT = `set -eu
while [ $# -gt 1 ]; do
  source=$1 target=$2
  shift 2
  if [ ! -e "$target" ]; then
    [ -f "$source" ] || { echo "$source is not there" >&2; exit 3; }
    rm -f -- "$target.part"
    ln -- "$source" "$target.part" 2>/dev/null || cp -- "$source" "$target.part"
    sync -- "$target.part"
    mv -fT -- "$target.part" "$target"
  fi
  rm -f -- "$source"
done`;

/** Moves what the imaging environment wrote into the staging directory of the run. */
export async function collect(
  node: XcatNode,
  request: CaptureRequest,
  step: PlanStep,
  context: CallContext,
): Promise<Evidence> {
  const job = jobOf(node, request, step);
  const { startedAt, endedAt } = await runHostJob(node, job, context);
  // Its record may go: what is done already is not done again.
  await endHostJob(node, job, context);
  // The markers, which nobody needs any more.
  await removeFiles(node, request.revision, context);
  return { files: disksOf(requireRepository(node), request.revision).map(({ file }) => file), startedAt, endedAt };
}

/** Ends the move, and removes what came into staging; what is still in the repository goes with the undo of its imaging. */
export async function undoCollect(
  node: XcatNode,
  request: CaptureRequest,
  step: PlanStep,
  context: CallContext,
): Promise<Evidence> {
  await endHostJob(node, jobOf(node, request, step), context);
  const targets = disksOf(requireRepository(node), request.revision).map(({ file }) =>
    posix.join(request.staging, file),
  );
  const paths = targets.flatMap((target) => [target, `${target}.part`]);
  await node.shell.run('rm', ['-f', '--', ...paths], { signal: context.signal, timeoutMs: 60_000 });
  return { removed: targets };
}

function jobOf(node: XcatNode, request: CaptureRequest, step: PlanStep): HostJob {
  const disks = disksOf(requireRepository(node), request.revision);
  return {
    step: step.id,
    what: step.title,
    fence: request.fence,
    script: COLLECT,
    args: disks.flatMap(({ path, file }) => [path, posix.join(request.staging, file)]),
  };
}
