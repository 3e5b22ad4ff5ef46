import { Context } from '@temporalio/activity';

/** A call of a worker that took an order. */
export interface OrderedCall {
  readonly pid: number;
  readonly run: string;
  readonly activityId: string;
}

/** The call that is made here, as it is written down: `4711 loadNode/lab-01/k1 5 carryOutLoadStep provisioner().loading.steps.stop.act`. */
export function describeCall(path: string): string {
  const { activityId, activityType, workflowExecution } = Context.current().info;
  return [process.pid, workflowExecution?.workflowId ?? '', activityId, activityType, path].join(' ');
}

export function parseCall(description: string): OrderedCall {
  const [pid = '', run = '', activityId = ''] = description.split(' ');
  return { pid: Number(pid), run, activityId };
}
