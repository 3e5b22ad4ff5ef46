import { pollUntil } from './polling.ts';
import { callContext } from './call.ts';
import type { ActivityDependencies } from './dependencies.ts';
import type { NodeFacts } from './facts.ts';
import type { Revision } from '../domain/image.ts';

/** A node that answers at all answers within this time; a first connection to an emulated one takes seconds. */
const answerSeconds = 60;

/**
 * Looks, before anything is touched, at what preCapture will need: the system answers over a verified connection, and the secrets for its
 * standard access are there. DeadlineError, UnauthorizedError or NotFoundError says what is missing. Without an OS module: nothing to look at.
 */
export async function checkGuest(
  deps: ActivityDependencies,
  { computer, shell }: NodeFacts,
  revision: Pick<Revision, 'osModule'>,
): Promise<void> {
  if (revision.osModule === undefined) return;
  const module = deps.operatingSystem(revision.osModule);
  const context = callContext();
  await deps.standardAccess();
  const wait = { what: `${computer.name} to answer`, deadlineSeconds: answerSeconds, context };
  await pollUntil(wait, async () => await module.currentImage(shell, context));
}
