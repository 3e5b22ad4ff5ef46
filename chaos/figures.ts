import { median, rounded } from '../bench/statistics.ts';
import { secondsToContinue } from './continuing.ts';
import type { Fault } from './fault.ts';
import type { StruckFault } from './storm.ts';
import type { FaultFigures, Played } from './results.ts';
import type { Stage } from './stage.ts';

/** What came of each kind of fault, in the order of the table. */
export async function figuresOfFaults(
  stage: Stage,
  faults: readonly Pick<Fault, 'kind' | 'about'>[],
  struck: readonly StruckFault[],
): Promise<FaultFigures[]> {
  const kinds = faults.filter(({ kind }) => struck.some(({ fault }) => fault.kind === kind));
  return await Promise.all(
    kinds.map(async ({ kind, about }) => {
      const own = struck.filter(({ fault }) => fault.kind === kind);
      const halted = own.flatMap((one) => (one.halted === undefined ? [] : [one.halted]));
      const seen = own.flatMap((one) => (one.continuedAfter === undefined ? [] : [one.continuedAfter]));
      const read = await Promise.all(halted.map(async (one) => await secondsToContinue(stage, one)));
      const seconds = [...seen, ...read.flat()];
      const hits = own.filter(({ what }) => what !== undefined).length;
      return {
        kind,
        about,
        struck: hits,
        missed: own.length - hits,
        ...(seconds.length === 0
          ? {}
          : {
              continued: {
                count: seconds.length,
                median: rounded(median(seconds)),
                max: rounded(Math.max(...seconds)),
              },
            }),
      };
    }),
  );
}

/** How the runs ended, by procedure. */
export async function figuresOfRuns({ imprint, ledger }: Stage): Promise<Pick<Played, 'runs' | 'reasons' | 'lost'>> {
  const runs: Record<string, Record<string, number>> = {};
  const reasons: Record<string, number> = {};
  let lost = 0;
  for (const { run, procedure, refused } of ledger.all()) {
    const record = await imprint.catalog.runs.find(run);
    const end = refused === undefined ? (record?.state ?? 'lost') : 'refused';
    if (end === 'lost' || end === 'running') lost += 1;
    const ends = (runs[procedure] ??= {});
    ends[end] = (ends[end] ?? 0) + 1;
    const reason = end === 'failed' ? withoutNames(record?.outcome ?? '') : undefined;
    if (reason !== undefined) reasons[reason] = (reasons[reason] ?? 0) + 1;
  }
  return { runs: Object.entries(runs).map(([procedure, ends]) => ({ procedure, ends })), reasons, lost };
}

/** Sentences that differ only in names and numbers are one reason. */
function withoutNames(sentence: string): string {
  return sentence
    .replaceAll(/(captureImage|loadNode|powerNode)\/\S+/g, '<run>')
    .replaceAll(/\S*\/(library|imprint)\S*/g, '<path>')
    .replaceAll(/image-k\d+(-v\d+)?/g, '<image>')
    .replaceAll(/lab-\d+/g, '<node>')
    .replaceAll(/\d+/g, '<n>')
    .slice(0, 200);
}
