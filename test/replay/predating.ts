import { keepsCode, type ReleasedSet } from './released.ts';
import type { CodeDigests } from './workflow-code.ts';

/** Versions that CHANGELOG.md has a section for, the newest first. */
export function releasedVersions(changelog: string): readonly string[] {
  return [...changelog.matchAll(/^## \[(\d+\.\d+\.\d+[^\]]*)\]/gm)].map(([, version]) => version ?? '');
}

/**
 * What keeps the replay from saying whether runs of a released version survive a change; a sentence each. Before the first release there is
 * nothing that could.
 */
export function missingHistories(
  changelog: string,
  sets: readonly ReleasedSet[],
  present: CodeDigests,
): readonly string[] {
  return [...releasesWithoutSet(releasedVersions(changelog), sets), ...changesWithoutHistory(sets, present)];
}

/** Sets are given up oldest first: what is newer than the oldest that is kept is kept too, and the newest always is. */
function releasesWithoutSet(versions: readonly string[], sets: readonly ReleasedSet[]): readonly string[] {
  const isKept = (version: string): boolean => sets.some((set) => set.version === version);
  const oldest = versions.findLastIndex(isKept);
  return versions
    .slice(0, Math.max(oldest, 0) + 1)
    .filter((version) => !isKept(version))
    .map((version) => `${version} is released, and its histories are not kept: npm run histories:release ${version}`);
}

function changesWithoutHistory(sets: readonly ReleasedSet[], present: CodeDigests): readonly string[] {
  return sets.flatMap(({ version, code }) =>
    Object.entries(code)
      .filter(([workflow, digest]) => present[workflow] !== digest)
      .filter(([workflow, digest]) => !sets.some((set) => keepsCode(set, workflow, digest)))
      .map(([workflow]) => `${workflow} has changed since ${version}, and no history of ${version} is kept`),
  );
}
