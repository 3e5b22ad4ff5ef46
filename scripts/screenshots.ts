import { stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { Command } from 'commander';
import { chromium, type Page } from 'playwright-core';
import type { RunHandle } from '../src/client.ts';
import { errorChain } from '../src/domain/errors.ts';
import { findCommand } from '../src/platform/commands.ts';
import { ensureSystemPackages } from '../src/platform/packages.ts';
import { createProgressReporter } from '../src/platform/progress.ts';
import { packageRoot } from '../src/platform/state-directory.ts';
import { takePicture, type Picture } from './screenshots/pictures.ts';
import { setScene, type Scene } from './screenshots/scene.ts';

const copyStep = 'Copy vda of lab-07 (12.4 GiB)';

const running: readonly Picture[] = [
  { name: 'running-details', tab: 'user-metadata', holds: [`running: 5.5 ${copyStep}`, 'image: web'], height: 900 },
  { name: 'running-progress', tab: 'pending-activities', holds: ['"fraction"', copyStep], height: 560 },
  { name: 'running-history', tab: 'history', holds: ['captureImage/lab-07/course-42', copyStep], height: 980 },
];

const finished: readonly Picture[] = [
  {
    name: 'finished-history',
    tab: 'history',
    click: 'Minimized',
    holds: ['Completed', 'Publish web-v1', 'Fill vda of lab-07 from web-v1'],
    height: 1620,
  },
  {
    name: 'finished-details',
    tab: 'user-metadata',
    holds: ['completed: web-v1 published', '8.5.4 Power lab-07 on'],
    height: 1150,
  },
];

/** A page is there within seconds; this is for a busy machine. */
const limitMs = 60_000;

/** From which part of the copy on the running capture is shown. */
const showFrom = 0.2;

const report = createProgressReporter();

const program = new Command('npm run screenshots --')
  .description(
    "Takes the pictures of docs/temporal-ui.md: a running and a finished capture in Temporal's UI, in a real browser.",
  )
  .option('--out <directory>', 'where the pictures go', join(packageRoot(), 'docs', 'images'))
  .option('--copy-seconds <seconds>', 'how long the simulated copy lasts', '40')
  .addHelpText(
    'after',
    '\nExit status: 0 when every picture shows what it must, 1 otherwise.\nExample: npm run screenshots -- --out /tmp/pictures',
  );

program.parse();
try {
  const options = program.opts<{ out: string; copySeconds: string }>();
  await takeAll(options.out, Number(options.copySeconds));
} catch (error) {
  process.stderr.write(`\nThe pictures could not be taken: ${errorChain(error)}\n`);
  process.exitCode = 1;
}

async function takeAll(directory: string, copySeconds: number): Promise<void> {
  await ensureSystemPackages(['browser'], report);
  const scene = await setScene(copySeconds, report);
  try {
    await withBrowser(async (page) => await tell(scene, page, directory));
  } finally {
    await scene.stop();
  }
}

async function tell(scene: Scene, page: Page, directory: string): Promise<void> {
  const run = await scene.startCapture();
  await untilCopying(run);
  const address = `${scene.temporalUi}/namespaces/default/workflows/${encodeURIComponent(run.id)}`;
  await page.goto(address);
  await page.waitForURL(/\/history/);
  const base = page.url().replace(/\/history.*$/, '');
  for (const picture of running) await take(page, base, picture, directory);
  await run.result();
  for (const picture of finished) await take(page, base, picture, directory);
}

async function take(page: Page, address: string, picture: Picture, directory: string): Promise<void> {
  const path = await takePicture(page, address, picture, { directory, limitMs });
  const { size } = await stat(path);
  report.line(`${relative(process.cwd(), path)} (${String(Math.round(size / 1024))} KiB)`);
}

async function untilCopying(run: RunHandle<unknown>): Promise<void> {
  for await (const { activity } of run.watch()) if ((activity?.progress?.fraction ?? 0) >= showFrom) return;
  throw new Error('the capture ended before it was seen copying');
}

async function withBrowser(work: (page: Page) => Promise<void>): Promise<void> {
  const executablePath = await findCommand('chromium');
  const browser = await chromium.launch({
    ...(executablePath === undefined ? {} : { executablePath }),
    // Chromium's own sandbox refuses to run as root; only pages of the server that was started here are opened.
    chromiumSandbox: process.getuid?.() !== 0,
  });
  try {
    await work(await browser.newPage({ deviceScaleFactor: 1 }));
  } finally {
    await browser.close();
  }
}
