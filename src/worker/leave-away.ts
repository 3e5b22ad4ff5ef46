import { Client, WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client';
import type { Claim } from '../catalog/catalog.ts';
import type { ModuleDependencies } from '../activities/dependencies.ts';
import { standInFor } from '../activities/driving.ts';
import type { WorkerConfig } from '../config.ts';
import { checkInEveryMs } from '../domain/check-in.ts';
import { errorChain } from '../domain/errors.ts';
import { touchedNode } from '../domain/ended-steps.ts';
import type { LeaveRequest } from '../domain/move.ts';
import type { Logger } from './logging.ts';
import type { TemporalPlace } from './temporal-place.ts';

/** What this worker looks at, and in whose name it asks. */
export interface Leaving {
  readonly place: TemporalPlace;
  readonly deps: ModuleDependencies;
  readonly config: WorkerConfig;
  readonly logger: Logger;
}

/**
 * Looks regularly for runs whose management node has been away for longer than IMPRINT_MOVE_MINUTES, and asks those to go on with this one that it is
 * the best stand-in for. A run that has begun to change its node refuses. Answers how to stop; without the setting nothing is looked for.
 */
export function leaveAwayRegularly(leaving: Leaving): () => Promise<void> {
  if (leaving.config.IMPRINT_MOVE_MINUTES === undefined) return async () => await Promise.resolve();
  let looking: Promise<void> | undefined;
  const timer = setInterval(() => {
    looking ??= look(leaving, (leaving.config.IMPRINT_MOVE_MINUTES ?? 0) * 60)
      .catch((error: unknown) => {
        leaving.logger.warn({ error: errorChain(error) }, 'Could not look for runs whose management node is away');
      })
      .finally(() => {
        looking = undefined;
      });
  }, checkInEveryMs);
  return async () => {
    clearInterval(timer);
    await looking;
  };
}

async function look(leaving: Leaving, limitSeconds: number): Promise<void> {
  const { catalog } = leaving.deps;
  const all = await catalog.managementNodes.list();
  const away = new Map(all.map(({ name, secondsSinceCheckIn }) => [name, secondsSinceCheckIn ?? Infinity]));
  for (const claim of await catalog.claims.list()) {
    const seconds = away.get(claim.managementNode) ?? 0;
    if (seconds >= limitSeconds) await askIfForUs(leaving, claim, seconds);
  }
}

/** What goes wrong with one run must not keep the others where nobody drives them. */
async function askIfForUs(leaving: Leaving, claim: Claim, awaySeconds: number): Promise<void> {
  try {
    if (await isForUs(leaving, claim)) await ask(leaving, claim, awaySeconds);
  } catch (error) {
    const about = { run: claim.owner, node: claim.node, error: errorChain(error) };
    leaving.logger.warn(about, 'Could not look whether the run goes on with this management node');
  }
}

/** Of several management nodes that could take the run one asks. */
async function isForUs({ deps, config }: Leaving, { owner, node, managementNode }: Claim): Promise<boolean> {
  const ended = { record: await deps.catalog.runs.find(owner), steps: await deps.catalog.runs.steps(owner) };
  const moves = ended.record?.procedure === 'captureImage' || ended.record?.procedure === 'loadNode';
  if (!moves || touchedNode(ended)) return false;
  const claimed = ended.steps.find(({ number }) => number === '1')?.evidence?.['revision'] as
    { id?: number } | undefined;
  const revision = claimed?.id === undefined ? undefined : await deps.catalog.revisions.get(claimed.id);
  const computer = await deps.catalog.computers.get(node);
  return (
    (await standInFor(deps, computer, { from: managementNode, loads: revision })) === config.IMPRINT_MANAGEMENT_NODE
  );
}

async function ask({ place, config, logger }: Leaving, claim: Claim, awaySeconds: number): Promise<void> {
  const [to, from, run] = [config.IMPRINT_MANAGEMENT_NODE, claim.managementNode, claim.owner];
  const away = Number.isFinite(awaySeconds) ? `is away for ${String(awaySeconds)} s` : 'has never checked in';
  const request: LeaveRequest = { from, to, by: `the worker of ${to}`, reason: `${from} ${away}` };
  try {
    await new Client(place).workflow.getHandle(run).executeUpdate('leaveManagementNode', { args: [request] });
    logger.info({ run, ...request }, 'Run goes on with this management node');
  } catch (error) {
    // Not found: it is over, and its node is for the next run to take over.
    if (!(error instanceof WorkflowUpdateFailedError || error instanceof WorkflowNotFoundError)) throw error;
    logger.info({ run, ...request, refused: errorChain(error) }, 'Run stays with its management node');
  }
}
