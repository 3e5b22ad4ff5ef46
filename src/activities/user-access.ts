import { reachedBy } from '../domain/computer.ts';
import { ConflictError, UnsupportedError } from '../domain/errors.ts';
import type { NodeReservation } from '../domain/node-reservation.ts';
import type { Evidence } from '../domain/plan.ts';
import type { AccessRequest, UserAccess } from '../os/user-access.ts';
import { need } from '../provisioners/provisioner.ts';
import type { Shell } from '../remote/shell.ts';
import { callContext } from './call.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { moduleOf, nodeFacts } from './facts.ts';

/** The way to let a user of a node in, and what for. */
export interface AccessFacts {
  readonly access: UserAccess;
  readonly request: AccessRequest;
  readonly shell: Shell;
}

/** Whoever lets users in is the OS module of what is loaded. UnsupportedError where the system or the module does not hand nodes over. */
export async function accessFacts(
  deps: ActivityDependencies,
  node: string,
  { user, from }: Pick<NodeReservation, 'user' | 'from'>,
): Promise<AccessFacts> {
  const { computer, provisioner, shell } = await nodeFacts(deps, node);
  const port = need(provisioner, 'reserving').sshPort(computer);
  const id = computer.currentRevisionId;
  if (id === undefined) throw new ConflictError(`nothing is recorded as loaded on ${node}; load it first`);
  const { name, userAccess } = moduleOf(deps, await deps.catalog.revisions.get(id));
  if (userAccess === undefined) throw new UnsupportedError(`the OS module ${name} lets no users in: ${node}`);
  const able = reachedBy(computer);
  const managers = (await deps.catalog.managementNodes.list()).filter((one) => able.includes(one.name));
  const request = { user, from, port, managers: managers.map(({ address }) => address) };
  return { access: userAccess, request, shell };
}

/** Whether a user is let in or out, and who. */
export interface AccessChange {
  readonly reservation: Pick<NodeReservation, 'user' | 'from'>;
  readonly verb: 'open' | 'close';
}

/** Lets the user in or out. Whoever calls has proved that the node is a run's own. */
export async function changeAccess(
  deps: ActivityDependencies,
  node: string,
  { reservation, verb }: AccessChange,
): Promise<Evidence> {
  const { access, request, shell } = await accessFacts(deps, node, reservation);
  const { tasks, users, managers } = await access[verb](shell, request, callContext());
  return { port: request.port, users: [...users], managers: [...managers], tasks: tasks.map((task) => ({ ...task })) };
}
