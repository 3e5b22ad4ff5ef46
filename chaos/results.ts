import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

const seconds = z.strictObject({ count: z.int(), median: z.number(), max: z.number() });

const faultSchema = z.strictObject({
  kind: z.string(),
  about: z.string(),
  struck: z.int(),
  /** There was nothing to strike at that moment. */
  missed: z.int(),
  /** Seconds until each of the runs went on that it halted; absent where it halts none. */
  continued: seconds.exactOptional(),
});

const runsSchema = z.strictObject({
  procedure: z.string(),
  /** How many ended so. */
  ends: z.record(z.string(), z.int()),
});

const violationSchema = z.strictObject({ invariant: z.string(), what: z.string() });

const playedSchema = z.strictObject({
  seed: z.string(),
  started: z.iso.datetime(),
  seconds: z.number(),
  nodes: z.int(),
  workers: z.int(),
  atOnce: z.int(),
  faults: z.array(faultSchema),
  runs: z.array(runsSchema),
  /** Why runs failed, without the names in the sentences, and how often. */
  reasons: z.record(z.string(), z.int()),
  lost: z.int(),
  duplicated: z.int(),
  bytesCopied: z.number(),
  /** `jobKilled`: because the copy's own process was killed; `otherwise`: for any other reason. */
  bytesCopiedAgain: z.strictObject({ jobKilled: z.number(), otherwise: z.number() }),
  /** How often the invariants were looked at while it went on. */
  looks: z.int(),
  violations: z.array(violationSchema),
});

const controlSchema = z.strictObject({
  mutation: z.string(),
  about: z.string(),
  seconds: z.number(),
  /** The invariants that caught it, each with the first thing that it found. */
  caughtBy: z.array(violationSchema),
});

const resultsSchema = z.strictObject({
  schema: z.literal(1),
  machine: z.record(z.string(), z.string()),
  played: playedSchema.exactOptional(),
  controls: z.array(controlSchema).exactOptional(),
});

/** What one chaos run found. */
export type Played = z.output<typeof playedSchema>;
/** What was done to the machines, and how often. */
export type WorkFigures = Pick<Played, 'duplicated' | 'bytesCopied' | 'bytesCopiedAgain'>;
export type FaultFigures = z.output<typeof faultSchema>;
/** What became of one mutation. */
export type Control = z.output<typeof controlSchema>;
/** The latest long run and the latest controls of one class of machines. */
export type Results = z.output<typeof resultsSchema>;

/** Puts what was found in place of what the same kind of run, or the same control, found before. */
export async function keep(path: string, found: Results): Promise<void> {
  const earlier = await readResults(path);
  const fresh = found.controls ?? [];
  const others = (earlier?.controls ?? []).filter(({ mutation }) => !fresh.some((one) => one.mutation === mutation));
  const controls = [...others, ...fresh].sort((a, b) => a.mutation.localeCompare(b.mutation));
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, `${JSON.stringify({ ...earlier, ...found, controls }, undefined, 2)}\n`);
}

/** Undefined when there is no such file. Throws for one that is no results. */
export async function readResults(path: string): Promise<Results | undefined> {
  const names = await readdir(join(path, '..')).catch(() => []);
  if (!names.some((name) => path.endsWith(`/${name}`))) return undefined;
  return resultsSchema.parse(JSON.parse(await readFile(path, 'utf8')));
}
