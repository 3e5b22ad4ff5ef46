import { limitFindings, type Finding } from '../../domain/finding.ts';
import type { ActivityDependencies } from '../dependencies.ts';
import { findClaims, findNodes, findRevisionsWithoutCopy, findRuns, findSlots } from './catalog-findings.ts';
import { findLacking } from './lacking-findings.ts';
import { findCaptures, findDeletions } from './revision-findings.ts';
import { createStandings } from './standing.ts';

/** What the catalog says, compared with what Temporal says of the runs. Reads only. */
export async function auditCatalog(deps: ActivityDependencies): Promise<readonly Finding[]> {
  const { catalog } = deps;
  const standings = createStandings(deps);
  return limitFindings(
    [
      ...(await findClaims(catalog, standings)),
      ...(await findCaptures(catalog, standings)),
      ...(await findDeletions(catalog, standings)),
      ...(await findSlots(catalog, standings)),
      ...(await findNodes(catalog)),
      ...(await findLacking(catalog, standings)),
      ...(await findRevisionsWithoutCopy(catalog)),
      ...(await findRuns(catalog, standings)),
    ],
    'catalog',
  );
}
