import { CancelledFailure, type CancellationScope } from '@temporalio/workflow';

/** After a cancellation no step begins. */
export function refuseCancelled(scope: CancellationScope): void {
  if (scope.consideredCancelled) throw new CancelledFailure('run was cancelled');
}
