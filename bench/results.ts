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

const resultsSchema = z.strictObject({
  schema: z.literal(1),
  started: z.iso.datetime(),
  seconds: z.number(),
  quick: z.boolean(),
  machine: z.record(z.string(), z.string()),
  figures: z.array(figureSchema),
  /** Benchmarks that gave no figure, and why. */
  missing: z.array(z.strictObject({ benchmark: z.string(), why: z.string() })),
});

/** One row of the table. */
export type Figure = z.output<typeof figureSchema>;

/** What one run of `npm run bench` found. */
export type Results = z.output<typeof resultsSchema>;

export function isMet({ bar, value }: Figure): boolean {
  return bar.kind === 'at most' ? value <= bar.limit : value >= bar.limit;
}

/** Writes `<day>-<host class>.json`; a second run of a day takes the place of the first. Returns its path. */
export async function writeResults(directory: string, results: Results): Promise<string> {
  await mkdir(directory, { recursive: true });
  const name = `${results.started.slice(0, 10)}-${results.machine['class'] ?? 'unknown'}.json`;
  const path = join(directory, name);
  await writeFile(path, `${JSON.stringify(results, undefined, 2)}\n`);
  return path;
}

/** The results that were measured last; undefined when there are none. Throws for a file that is no such thing. */
export async function readNewestResults(directory: string): Promise<Results | undefined> {
  const names = (await readdir(directory).catch(() => [])).filter((name) => name.endsWith('.json'));
  const all = await Promise.all(names.map(async (name) => await readResults(join(directory, name))));
  return all.sort((a, b) => a.started.localeCompare(b.started)).at(-1);
}

async function readResults(path: string): Promise<Results> {
  return resultsSchema.parse(JSON.parse(await readFile(path, 'utf8')));
}
