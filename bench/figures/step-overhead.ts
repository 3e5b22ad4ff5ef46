import type { StepRecord } from '../../src/domain/run.ts';
import { simulatedSystem, startImprint, type TestImprint } from '../../test/support/imprint.ts';
import { copyLasting } from '../../test/support/copies.ts';
import { sized, type Benchmark, type Stage } from '../benchmark.ts';
import { median, rounded } from '../statistics.ts';
import type { Figure } from '../results.ts';

/** What Temporal, the catalog and the worker add to each step of a procedure. */
export const stepOverhead: Benchmark = {
  name: 'step-overhead',
  about: 'what orchestration adds to a step, by captures of machines whose work takes no time',
  needs: [],
  async measure(stage) {
    const imprint = await startImprint({ directory: stage.directory });
    try {
      const worker = await imprint.startWorker();
      const runs: (readonly StepRecord[])[] = [];
      // The first one warms up what is compiled and connected once.
      for (let round = 0; round <= sized(stage, 10, 2); round += 1) runs.push(await captureOnce(imprint));
      await worker.kill();
      return [figureOf(stage, runs.slice(1))];
    } finally {
      await imprint.stop();
    }
  },
};

async function captureOnce(imprint: TestImprint): Promise<readonly StepRecord[]> {
  const node = await imprint.addNode(copyLasting(0));
  const image = imprint.fresh('image');
  const run = await imprint.client.startCapture({ node, image, operatingSystem: simulatedSystem });
  await run.result();
  return await imprint.catalog.runs.steps(run.id);
}

function figureOf(stage: Stage, runs: readonly (readonly StepRecord[])[]): Figure {
  const whole = runs.flatMap((steps) => between(steps, (step) => step.startedAt));
  const gaps = runs.flatMap((steps) => between(steps, (step) => step.endedAt ?? step.startedAt));
  stage.say(`${String(whole.length)} steps of ${String(runs.length)} captures`);
  return {
    id: 'step-overhead',
    title: 'What orchestration adds to a step, median',
    bar: { kind: 'at most', limit: 100 },
    unit: 'ms',
    value: rounded(median(whole)),
    comparison: { what: 'of it between two steps', value: rounded(median(gaps)), measured: 'same run' },
    samples: { 'whole steps': whole, 'from the end of a step to the beginning of the next': gaps },
    how: 'From the beginning of a step to the beginning of the next one, over captures of simulated machines, one after the other, on the PostgreSQL and the Temporal server that `npm start` brings up. The little that the simulated work itself takes is counted in.',
  };
}

/** Milliseconds from `from` of each step to the beginning of the next. */
function between(steps: readonly StepRecord[], from: (step: StepRecord) => string): readonly number[] {
  const inOrder = [...steps].sort((a, b) => a.startedAt.localeCompare(b.startedAt));
  return inOrder.slice(1).flatMap((next, index) => {
    const step = inOrder[index];
    return step === undefined ? [] : [Date.parse(next.startedAt) - Date.parse(from(step))];
  });
}
