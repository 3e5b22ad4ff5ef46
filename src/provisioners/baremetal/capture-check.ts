import type { CallContext } from '../../domain/call-context.ts';
import type { Problem } from '../../domain/computer.ts';
import type { CaptureCheck, CaptureRequest } from '../provisioner.ts';
import { cardsOf, type Machine } from './machine.ts';

/** How much of a disk is used nobody knows before the environment has looked. Less room than this is never enough. */
const LEAST_BYTES = 1024 ** 3;

/** What stands in the way of a capture: a controller that does not answer throws. Reads only. */
export async function checkCapture(
  machine: Machine,
  request: CaptureRequest,
  context: CallContext,
): Promise<CaptureCheck> {
  const problems = [
    ...(await controllerProblems(machine, context)),
    ...(await orderProblems(machine, request)),
    ...libraryProblems(request),
  ];
  return { problems, bytesNeeded: LEAST_BYTES };
}

/** What keeps the machine from being sent into the environment and back. */
export async function controllerProblems(
  { power, imaging, computer }: Machine,
  context: CallContext,
): Promise<Problem[]> {
  const problems = [...imaging.problems(), ...power.problems(computer)];
  if (!power.hasBootTarget(computer)) {
    problems.push({ where: 'settings.power', problem: 'what it names cannot choose from what the machine boots' });
    return problems;
  }
  await power.read(computer, context);
  await power.readBootTarget(computer, context);
  return problems;
}

/** Told before anything is sealed: the order could not be placed later. */
export async function orderProblems(
  { imaging, computer }: Machine,
  { fence }: Pick<CaptureRequest, 'fence'>,
): Promise<Problem[]> {
  const other = await imaging.otherRun(cardsOf(computer), fence.owner);
  if (other === undefined) return [];
  return [{ where: 'imaging', problem: `run ${other} has an order for this machine: it ends first, or is cleared` }];
}

/** Machines are imaged by their own management node, whose library it is. */
export function libraryProblems({ library }: Pick<CaptureRequest, 'library'>): Problem[] {
  if (library.shell.host === 'this host') return [];
  return [{ where: 'library', problem: `${library.name} lies on ${library.shell.host}, not on the management node` }];
}
