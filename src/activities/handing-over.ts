import type { Catalog } from '../catalog/catalog.ts';
import { reservedFor } from '../catalog/node-reservations.ts';
import { ConflictError, InvalidInputError } from '../domain/errors.ts';
import {
  parseReclaimNodeInput,
  parseReserveNodeInput,
  type MachineGone,
  type NodeReservation,
  type ReclaimNodeInput,
  type ReserveNodeInput,
} from '../domain/node-reservation.ts';
import type { Evidence } from '../domain/plan.ts';
import type { StepInput } from '../domain/step-input.ts';
import { need } from '../provisioners/provisioner.ts';
import { callContext, claimant } from './call.ts';
import { claimNode, registerRun, type Claimed, type NodeDriver } from './claiming.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { nodeFacts } from './facts.ts';
import { readStatus, whyNotReady } from './node-status.ts';
import { accessFacts, changeAccess } from './user-access.ts';

/** The steps of reserveNode and reclaimNode. */
export interface HandingOverActivities {
  /** Answers what is to be recorded, and what was before: the same user may be given another address or time. */
  claimForReservation(
    input: StepInput & { readonly input: ReserveNodeInput },
  ): Promise<Claimed<NodeDriver & { reservation: NodeReservation; before?: NodeReservation }>>;
  /** Answers what is to be taken back; absent: the reservation that is meant is over. `gone`: without its machine, and who said that. */
  claimForReclaim(
    input: StepInput & { readonly input: ReclaimNodeInput },
  ): Promise<Claimed<NodeDriver & { reservation?: NodeReservation; gone?: MachineGone }>>;
  /** That the node is READY and that nothing stands in the user's way. */
  checkHandOver(input: StepInput & { readonly reservation: NodeReservation }): Promise<Evidence>;
  /** Absent: nobody has the node. */
  recordReservation(input: StepInput & { readonly reservation?: NodeReservation }): Promise<void>;
  openAccess(input: StepInput & { readonly reservation: NodeReservation }): Promise<Evidence>;
  closeAccess(input: StepInput & { readonly reservation: NodeReservation }): Promise<Evidence>;
  /** Of a machine that is gone: nobody has the node, and nothing is known to be loaded on it. Answers who said so, why, and who had it. */
  giveUpReservation(
    input: StepInput & { readonly reservation: NodeReservation; readonly gone: MachineGone },
  ): Promise<Evidence>;
}

export function createHandingOverActivities(deps: ActivityDependencies): HandingOverActivities {
  const { catalog } = deps;
  const change = (verb: 'open' | 'close'): HandingOverActivities['openAccess'] => {
    return async ({ reservation, ...step }) => {
      await catalog.claims.fence(claimant(step));
      return await changeAccess(deps, step.node, { reservation, verb });
    };
  };
  return {
    async claimForReservation({ input, ...step }) {
      const parsed = parseReserveNodeInput(input);
      await registerRun(catalog, step, parsed);
      refuseEnded(parsed);
      const claimed = await claimNode(deps, step, 'unchanged');
      if ('over' in claimed) return claimed;
      const { node: _node, ...asked } = parsed;
      const before = await reservationBefore(catalog, step, asked.user);
      return { ...claimed, reservation: { ...asked, run: step.run }, ...(before === undefined ? {} : { before }) };
    },

    async claimForReclaim({ input, ...step }) {
      const { reservedBy, ...parsed } = parseReclaimNodeInput(input);
      await registerRun(catalog, step, { ...parsed, ...(reservedBy === undefined ? {} : { reservedBy }) });
      const claimed = await claimNode(deps, step, 'unchanged');
      const found = await catalog.nodeReservations.find(step.node);
      const meant = found !== undefined && (reservedBy === undefined || reservedBy === found.run);
      if (!meant) return claimed;
      const { by, machineIsGone: reason } = parsed;
      return { ...claimed, reservation: found, ...(reason === undefined ? {} : { gone: { by, reason } }) };
    },

    async checkHandOver({ reservation, ...step }) {
      await catalog.claims.fence(claimant(step));
      return await checkHandOver(deps, step.node, reservation);
    },

    async recordReservation({ reservation, ...step }) {
      await catalog.nodeReservations.record(await catalog.claims.fence(claimant(step)), reservation);
    },

    async giveUpReservation({ reservation: { user, from }, gone: { by, reason }, ...step }) {
      const fence = await catalog.claims.fence(claimant(step));
      // First, so that a run that is cut here finds the reservation again: the next who reserves the node is told to load it first.
      await catalog.computers.recordLoaded(fence, undefined);
      await catalog.nodeReservations.record(fence, undefined);
      return { machineIsGone: reason, by, user, from, notDone: `${user} was not let out on ${step.node} itself` };
    },

    openAccess: change('open'),
    closeAccess: change('close'),
  };
}

/** Asked again the time may be over by then: nobody is let in for no time. */
function refuseEnded({ until }: ReserveNodeInput): void {
  if (until === undefined || Date.parse(until) > Date.now()) return;
  throw new InvalidInputError(`until: expected a time to come; got ${until}`);
}

/** Seen under the claim. What this run has recorded itself, before it was reset in Temporal, is no reservation before it. */
async function reservationBefore(
  { computers, nodeReservations }: Catalog,
  { node, run }: Pick<StepInput, 'node' | 'run'>,
  user: string,
): Promise<NodeReservation | undefined> {
  const before = await nodeReservations.find(node);
  if (before?.run === run) return undefined;
  if (before !== undefined && before.user !== user) throw reservedFor(node, before);
  const { state } = await computers.get(node);
  if (before !== undefined || state === 'available') return before;
  throw new ConflictError(`node ${node} is ${state}: only one that is available is reserved`, { evidence: { state } });
}

async function checkHandOver(
  deps: ActivityDependencies,
  node: string,
  reservation: NodeReservation,
): Promise<Evidence> {
  const context = callContext();
  const { computer, provisioner } = await nodeFacts(deps, node);
  need(provisioner, 'reserving');
  const revisionId = computer.currentRevisionId;
  const status = await readStatus(deps, { node, revisionId }, context);
  if (status.status !== 'READY') throw new ConflictError(`${whyNotReady(node, status)}; load it first`);
  const { access, request, shell } = await accessFacts(deps, node, reservation);
  const problems = await access.check(shell, request, context);
  if (problems.length === 0) return { status: status.status, port: request.port };
  throw new ConflictError(`${node} cannot be handed to ${reservation.user}: ${problems.join('; ')}`);
}
