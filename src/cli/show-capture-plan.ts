import type { CapturePreview, ImprintClient } from '../client.ts';
import type { TakesUp } from '../domain/capture-preview.ts';
import { formatBytes } from './amounts.ts';
import { withClient } from './connect.ts';
import { exitStatuses } from './exit-status.ts';
import { printResult, type OutputOptions, type Session } from './session.ts';
import { fields } from './style.ts';

/** Prints what a capture would do. It ends with status 1 when something stands in its way. */
export async function showCapturePlan(
  session: Session,
  options: OutputOptions,
  node: string,
  plan: (client: ImprintClient) => Promise<CapturePreview>,
): Promise<void> {
  const preview = await withClient(plan);
  if (preview.check.problems.length > 0) session.status = exitStatuses.failed;
  printResult(session, options, { dryRun: true, node, ...preview }, describePlan(node, preview));
}

/** The plan for a person: space, what stands in the way, and each step with what takes it back. */
export function describePlan(node: string, preview: CapturePreview): string {
  const { revision, steps, check, loadableBy, takesOverFrom, takesUp } = preview;
  const space = `It may take ${formatBytes(check.bytesNeeded)} in library ${check.library}; ${formatBytes(check.bytesFree)} are free.`;
  const head = `${node} would be captured as ${revision} (the number is not reserved). Nothing was changed.`;
  const rows = steps.flatMap((step, index) => [
    [`  ${String(index + 1)}`, step.title],
    ['', 'title' in step.undo ? `  undo: ${step.undo.title}` : `  no undo: ${step.undo.none}`],
  ]);
  const problems = check.problems.map(({ where, problem }) => `  ${where}: ${problem}`);
  return [
    head,
    space,
    ...(loadableBy === undefined
      ? []
      : [`The system of ${node} cannot load what it captures; ${loadableBy.join(', ')} can.`]),
    ...(takesOverFrom === undefined
      ? []
      : [`Run ${takesOverFrom}, which is over, still owns it: it would be taken over first.`]),
    ...(takesUp === undefined ? [] : [describeTakenUp(node, takesUp)]),
    ...(problems.length === 0 ? [] : ['', 'What stands in the way:', ...problems]),
    ...(rows.length === 0 ? [] : ['', 'Steps of the plan:', fields(rows)]),
  ].join('\n');
}

function describeTakenUp(node: string, takesUp: TakesUp): string {
  if ('fromTheBeginning' in takesUp) {
    return `Nothing of run ${takesUp.run} can be taken up, so everything is done again: ${takesUp.fromTheBeginning}.`;
  }
  const { run, behindStep, untouchedSince } = takesUp;
  return `It goes on behind step ${behindStep} of run ${run}: ${node} is sealed, and off and untouched since ${untouchedSince}.`;
}
