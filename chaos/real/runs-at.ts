import type { RunRecord } from '../../src/domain/run.ts';
import type { RealStage } from './real-stage.ts';

/** The runs of a node that went on at that time, in milliseconds since 1970; not those that only look. */
export async function runsAt({ imprint }: RealStage, node: string, at: number): Promise<readonly RunRecord[]> {
  const runs = await imprint.catalog.runs.list({ node, limit: 1_000 });
  return runs.filter(
    ({ procedure, created, ended }) =>
      procedure !== 'checkNode' && Date.parse(created) <= at && (ended === undefined || Date.parse(ended) >= at),
  );
}
