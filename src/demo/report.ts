import { writeFile } from 'node:fs/promises';
import Table from 'cli-table3';
import prettyBytes from 'pretty-bytes';
import prettyMilliseconds from 'pretty-ms';
import type { Catalog } from '../catalog/catalog.ts';
import type { Say } from './follow.ts';
import type { Proof } from './parts.ts';
import type { Outcome } from './story.ts';

/** The same facts for a person and for a program. */
export interface Report {
  readonly succeeded: boolean;
  readonly totalSeconds: number;
  readonly killed?: Outcome['killed'];
  readonly proofs: readonly Proof[];
  readonly runs: readonly RunReport[];
  readonly revisions: readonly {
    readonly name: string;
    readonly sizeBytes: number;
    readonly virtualSizeBytes: number;
  }[];
}

interface RunReport {
  readonly id: string;
  readonly outcome: string;
  readonly seconds: number;
  readonly address: string;
  readonly steps: readonly {
    readonly number: string;
    readonly title: string;
    readonly seconds: number;
    readonly attempts: number;
  }[];
}

/** Collects what the story left in the catalog. `temporalUi` is the address of Temporal's UI. */
export async function makeReport(
  catalog: Catalog,
  outcome: Outcome,
  at: { temporalUi: string; startedMs: number },
): Promise<Report> {
  const runs = await Promise.all(outcome.runs.map(async (id) => await reportRun(catalog, id, at.temporalUi)));
  const revisions = (
    await Promise.all(outcome.images.map(async (image) => await catalog.revisions.list(image)))
  ).flat();
  return {
    succeeded:
      outcome.proofs.every(({ holds }) => holds) && runs.every(({ outcome: of }) => of.startsWith('completed')),
    totalSeconds: Math.round((Date.now() - at.startedMs) / 1000),
    ...(outcome.killed === undefined ? {} : { killed: outcome.killed }),
    proofs: outcome.proofs,
    runs,
    revisions: revisions.map((revision) => ({
      name: `${revision.image}-v${String(revision.revision)}`,
      sizeBytes: revision.sizeBytes ?? 0,
      virtualSizeBytes: revision.manifest?.disks.reduce((sum, disk) => sum + disk.virtualSizeBytes, 0) ?? 0,
    })),
  };
}

async function reportRun(catalog: Catalog, id: string, temporalUi: string): Promise<RunReport> {
  const [run, steps] = await Promise.all([catalog.runs.get(id), catalog.runs.steps(id)]);
  return {
    id,
    outcome: `${run.state}: ${run.outcome ?? ''}`,
    seconds: seconds(run.created, run.ended),
    address: `${temporalUi}/namespaces/default/workflows/${encodeURIComponent(id)}`,
    steps: steps.map((step) => ({
      number: step.number,
      title: step.title,
      seconds: seconds(step.startedAt, step.endedAt),
      attempts: step.attempt,
    })),
  };
}

const noLinesBetweenRows = { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' };

/** Prints the report as tables. */
export function printReport(report: Report, say: Say): void {
  for (const run of report.runs) {
    const table = new Table({
      head: ['step', 'what', 'took', 'attempts'],
      style: { head: [], border: [] },
      chars: noLinesBetweenRows,
    });
    for (const step of run.steps) table.push([step.number, step.title, took(step.seconds), String(step.attempts)]);
    say('');
    say(`${run.id} (${took(run.seconds)}): ${run.outcome}`);
    say(table.toString());
    say(`Temporal UI: ${run.address}`);
  }
  say('');
  for (const { name, sizeBytes, virtualSizeBytes } of report.revisions) {
    // What is no disk, a configuration or an archive, has no other size.
    const disk = virtualSizeBytes === sizeBytes ? '' : `, a disk of ${prettyBytes(virtualSizeBytes, { binary: true })}`;
    say(`${name}: ${prettyBytes(sizeBytes, { binary: true })} in the library${disk}`);
  }
  if (report.killed !== undefined)
    say(`Bytes copied twice because the worker was killed: ${String(report.killed.bytesCopiedTwice)}`);
  say(`Everything took ${took(report.totalSeconds)}.`);
  say(report.succeeded ? 'All of it held.' : 'NOT all of it held: see the lines marked ✘ above.');
}

/** Writes the report as JSON. */
export async function writeReport(report: Report, file: string): Promise<void> {
  await writeFile(file, `${JSON.stringify(report, undefined, 2)}\n`);
}

function seconds(from: string, to: string | undefined): number {
  return to === undefined ? 0 : (Date.parse(to) - Date.parse(from)) / 1000;
}

function took(duration: number): string {
  return prettyMilliseconds(duration * 1000, { secondsDecimalDigits: 1 });
}
