import { NotReadyError, errorChain } from '../domain/errors.ts';
import type { Evidence } from '../domain/plan.ts';
import type { StepInput } from '../domain/step-input.ts';
import { powerOf } from '../provisioners/provisioner.ts';
import { callContext, claimant } from './call.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { moduleOf, nodeFacts } from './facts.ts';
import { tasksAsEvidence } from './operating-system-steps.ts';
import { pollUntil } from './polling.ts';

/** 10 minutes: what Apache VCL gives a Linux machine to answer after a load (Linux.pm, post_load). */
const bootSeconds = 600;

type LoadedInput = StepInput & { readonly revisionId: number };

/** Steps 4, 6 and 8 of loadNode. */
export interface LoadedSystemActivities {
  /** The hook of the system that goes. A node that does not answer has nothing to say goodbye to. */
  preReload(input: StepInput): Promise<Evidence>;
  /**
   * Takes the host keys that the load itself has told. Where it told none, waits for those that the new system prints on its console; without a console
   * the known keys stay.
   */
  learnHostKeys(input: LoadedInput): Promise<Evidence>;
  /** Its undo: the keys that were known before. */
  restoreHostKeys(input: StepInput & { readonly hostKeys: readonly string[] }): Promise<void>;
  postLoad(input: LoadedInput): Promise<Evidence>;
  recordLoaded(input: LoadedInput): Promise<Evidence>;
  /** Only for a system that this run cloned from the library: it proves the copy, and what the copy was made of may go. */
  recordLoadedFromLibrary(input: LoadedInput): Promise<Evidence>;
}

export function createLoadedSystemActivities(deps: ActivityDependencies): LoadedSystemActivities {
  const { catalog } = deps;
  return {
    async preReload(step) {
      await catalog.claims.fence(claimant(step));
      return await sayGoodbye(deps, step.node);
    },

    async learnHostKeys({ revisionId, ...step }) {
      const fence = await catalog.claims.fence(claimant(step));
      const { provisioner, computer } = await nodeFacts(deps, step.node);
      const told = await provisioner.hostKeys?.(computer, fence, callContext());
      if (told !== undefined) {
        await catalog.computers.recordHostKeys(fence, told);
        return { hostKeys: [...told] };
      }
      if (provisioner.consoleText === undefined) return { hostKeys: 'no console: the known keys stay' };
      const module = moduleOf(deps, await catalog.revisions.get(revisionId));
      const context = callContext();
      const wait = {
        what: `the host keys of ${step.node} on its console`,
        deadlineSeconds: bootSeconds,
        context,
      };
      const hostKeys = await pollUntil(wait, async () => {
        const text = await provisioner.consoleText?.(computer, context);
        const keys = text === undefined ? undefined : module.hostKeysOnConsole(text);
        if (keys !== undefined) return keys;
        throw new NotReadyError(`${step.node} has printed no host keys yet`, {
          evidence: { console: text?.slice(-500) ?? 'empty' },
        });
      });
      await catalog.computers.recordHostKeys(fence, hostKeys);
      return { hostKeys: [...hostKeys] };
    },

    async restoreHostKeys({ hostKeys, ...step }) {
      const fence = await catalog.claims.fence(claimant(step));
      await catalog.computers.recordHostKeys(fence, hostKeys);
    },

    async postLoad({ revisionId, ...step }) {
      await catalog.claims.fence(claimant(step));
      const { computer, shell } = await nodeFacts(deps, step.node);
      const revision = await catalog.revisions.get(revisionId);
      const request = { computer, revision, access: await deps.standardAccess() };
      const context = callContext();
      const wait = { what: `${step.node} to answer`, deadlineSeconds: bootSeconds, context };
      return tasksAsEvidence(
        await pollUntil(wait, async () => await moduleOf(deps, revision).postLoad(shell, request, context)),
      );
    },

    async recordLoaded({ revisionId, ...step }) {
      const fence = await catalog.claims.fence(claimant(step));
      await catalog.computers.recordLoaded(fence, revisionId);
      return { revisionId };
    },

    async recordLoadedFromLibrary({ revisionId, ...step }) {
      const fence = await catalog.claims.fence(claimant(step));
      await catalog.computers.recordLoaded(fence, revisionId);
      return { revisionId, firstTimeReady: await catalog.revisions.recordReady(revisionId) };
    },
  };
}

async function sayGoodbye(deps: ActivityDependencies, node: string): Promise<Evidence> {
  const { computer, shell, provisioner } = await nodeFacts(deps, node);
  const context = callContext();
  const power = await powerOf(provisioner, computer)?.read(computer, context);
  if (computer.currentRevisionId === undefined || (power !== undefined && power.value !== 'on')) {
    return { skipped: 'nothing is running on the node' };
  }
  const outgoing = await deps.catalog.revisions.get(computer.currentRevisionId);
  if (outgoing.osModule === undefined) return { skipped: 'no operating system is involved' };
  const module = moduleOf(deps, outgoing);
  try {
    return tasksAsEvidence(await module.preReload(shell, context));
  } catch (error) {
    context.signal.throwIfAborted();
    // The system is about to be replaced: one that does not answer, or is a stranger, must not keep a broken node from being loaded anew.
    return { skipped: `the outgoing system could not be asked: ${errorChain(error)}` };
  }
}
