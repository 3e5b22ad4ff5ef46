import { Worker, type WorkerOptions } from '@temporalio/worker';
import { createActivities } from '../activities/activities.ts';
import { createBoundary } from '../activities/boundary.ts';
import type { ModuleDependencies } from '../activities/dependencies.ts';
import type { WorkerConfig } from '../config.ts';
import { longQueue, nodeQueue, sharedQueue } from '../workflows/task-queues.ts';
import { createClosedRuns } from './closed-runs.ts';
import { createWebhook, silent } from './notifier.ts';
import { createRunLookup } from './run-lookup.ts';
import type { TemporalPlace } from './temporal-place.ts';
import { workflowCode, type WorkflowCode } from './workflow-code.ts';

/**
 * Three workers in one process: workflows with the catalog's activities on the shared queue, short work and long work on the management
 * node's own queues, each with its own slots.
 */
export async function createTemporalWorkers(
  place: TemporalPlace,
  config: WorkerConfig,
  dependencies: ModuleDependencies,
  code: WorkflowCode = workflowCode(),
): Promise<readonly Worker[]> {
  const activities = createActivities({
    ...dependencies,
    runs: createRunLookup(place, dependencies.catalog.temporalHomes),
    closedRuns: createClosedRuns(place),
    notifier: config.IMPRINT_WEBHOOK_URL === undefined ? silent : createWebhook(config.IMPRINT_WEBHOOK_URL),
    holdSeconds: config.IMPRINT_HOLD_DAYS * 24 * 3_600,
    ...(config.IMPRINT_ARCHIVE_DAYS === undefined ? {} : { archiveDays: config.IMPRINT_ARCHIVE_DAYS }),
  });
  const shared: WorkerOptions = {
    ...place,
    activities,
    taskQueue: sharedQueue,
    interceptors: {
      activity: [createBoundary(dependencies.catalog, { stallAfterMs: config.IMPRINT_STALL_MINUTES * 60_000 })],
    },
    // On shutdown activities detach at once: their jobs go on, and another attempt attaches to them.
    shutdownGraceTime: '1 second',
    shutdownForceTime: '30 seconds',
    maxHeartbeatThrottleInterval: '2 seconds',
    defaultHeartbeatThrottleInterval: '2 seconds',
    stickyQueueScheduleToStartTimeout: '5 seconds',
  };
  const node = config.IMPRINT_MANAGEMENT_NODE;
  return await Promise.all([
    Worker.create({ ...shared, ...code, maxConcurrentActivityTaskExecutions: config.IMPRINT_SHORT_SLOTS }),
    Worker.create({
      ...shared,
      taskQueue: nodeQueue(node),
      maxConcurrentActivityTaskExecutions: config.IMPRINT_SHORT_SLOTS,
    }),
    Worker.create({
      ...shared,
      taskQueue: longQueue(node),
      maxConcurrentActivityTaskExecutions: config.IMPRINT_LONG_SLOTS,
    }),
  ]);
}
