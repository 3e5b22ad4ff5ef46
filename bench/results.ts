import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

const figureSchema = z.strictObject({
  /** Stays the same from run to run. */
  id: z.string(),
  title: z.string(),
  /** What design asks for: at most `limit`, in `unit`. `at least` for counts of things that must not be lost. */
  bar: z.strictObject({ limit: z.number(), kind: z.enum(['at most', 'at least']) }),
  unit: z.string(),
  value: z.number(),
  /** What it stands beside. `measured`: in the same run, or once on a machine of the same kind. */
  comparison: z
    .strictObject({ what: z.string(), value: z.number(), measured: z.enum(['same run', 'once before']) })
    .exactOptional(),
  /** Every single measurement, by what was measured, in the order of measuring. */
  samples: z.record(z.string(), z.array(z.number())),
  /** How it was measured, in a sentence or two. */
  how: z.string(),
});

const measuredSchema = z.strictObject({
  benchmark: z.string(),
  started: z.iso.datetime(),
  seconds: z.number(),
  /** Load averages of the machine before it began. */
  load: z.string(),
  figures: z.array(figureSchema),
  /** Why it gave no figures. */
  failed: z.string().exactOptional(),
});

const resultsSchema = z.strictObject({
  schema: z.literal(1),
  machine: z.record(z.string(), z.string()),
  /** In the order of the table. */
  measured: z.array(measuredSchema),
});

/** One row of the table. */
export type Figure = z.output<typeof figureSchema>;

/** What one benchmark found. */
export type Measured = z.output<typeof measuredSchema>;

/** What was measured on one machine: of each benchmark the latest. */
export type Results = z.output<typeof resultsSchema>;

export function isMet({ bar, value }: Figure): boolean {
  return bar.kind === 'at most' ? value <= bar.limit : value >= bar.limit;
}

/**
 * Puts what was measured into the results of this machine and day, in place of what the same benchmark found earlier. A day begins with the
 * results of the day before, so that one benchmark can be repeated alone; each says when it was measured.
 */
export async function keep(directory: string, results: Results): Promise<string> {
  const earlier = await readNewestResults(directory);
  const sameMachine = earlier?.machine['class'] === results.machine['class'] ? earlier : undefined;
  const kept = sameMachine?.measured ?? [];
  const replaced = kept.map((old) => results.measured.find(({ benchmark }) => benchmark === old.benchmark) ?? old);
  const added = results.measured.filter(({ benchmark }) => !kept.some((old) => old.benchmark === benchmark));
  const day = results.measured.at(-1)?.started.slice(0, 10) ?? 'none';
  await mkdir(directory, { recursive: true });
  const path = join(directory, `${day}-${results.machine['class'] ?? 'unknown'}.json`);
  const merged: Results = { ...results, measured: [...replaced, ...added] };
  await writeFile(path, `${JSON.stringify(merged, undefined, 2)}\n`);
  return path;
}

/** The results that were measured last; undefined when there are none. Throws for a file that is no such thing. */
export async function readNewestResults(directory: string): Promise<Results | undefined> {
  const names = (await readdir(directory).catch(() => [])).filter((name) => name.endsWith('.json'));
  const all = await Promise.all(names.map(async (name) => await readResults(join(directory, name))));
  return all.sort((a, b) => lastStart(a).localeCompare(lastStart(b))).at(-1);
}

function lastStart({ measured }: Results): string {
  return (
    measured
      .map(({ started }) => started)
      .sort()
      .at(-1) ?? ''
  );
}

async function readResults(path: string): Promise<Results> {
  return resultsSchema.parse(JSON.parse(await readFile(path, 'utf8')));
}
