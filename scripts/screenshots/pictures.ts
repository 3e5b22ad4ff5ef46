import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';

/** The tabs of a run's page in Temporal's UI that are shown. */
type Tab = 'history' | 'user-metadata' | 'pending-activities';

/** One picture: which tab, and what must be on it before it is taken. */
export interface Picture {
  /** `running-details`: the name of the file, without its extension. */
  readonly name: string;
  readonly tab: Tab;
  readonly holds: readonly string[];
  /** What is clicked before that. */
  readonly click?: string;
  /** Of the picture, in pixels. */
  readonly height: number;
}

/** Where the pictures go, and how long a page may take to show what it must: seconds, but more on a busy machine. */
export interface Album {
  readonly directory: string;
  readonly limitMs: number;
}

/** Takes one picture of a run's page. `address` is the page itself. Throws, and writes nothing, when it does not show what it must. */
export async function takePicture(page: Page, address: string, picture: Picture, album: Album): Promise<string> {
  const { directory, limitMs } = album;
  await page.setViewportSize({ width: 1400, height: picture.height });
  await page.goto(`${address}/${picture.tab}`, { waitUntil: 'domcontentloaded' });
  if (picture.click !== undefined) await click(page, picture.click, limitMs);
  for (const text of picture.holds) await untilShown(page, text, limitMs);
  await mkdir(directory, { recursive: true });
  const path = join(directory, `${picture.name}.png`);
  await page.screenshot({ path });
  return path;
}

/** The pointer leaves at once, so that no hint covers the picture. */
async function click(page: Page, text: string, limitMs: number): Promise<void> {
  await page.getByText(text, { exact: true }).first().click({ timeout: limitMs });
  await page.mouse.move(0, 0);
}

/** On the page itself, or in one of the frames in which Temporal's UI shows Markdown. */
async function untilShown(page: Page, text: string, limitMs: number): Promise<void> {
  const deadline = Date.now() + limitMs;
  while (!(await shows(page, text))) {
    if (Date.now() > deadline) throw new Error(`${page.url()} does not show "${text}"`);
    await page.waitForTimeout(200);
  }
}

async function shows(page: Page, text: string): Promise<boolean> {
  for (const frame of page.frames()) {
    if (
      (
        await frame
          .locator('body')
          .innerText()
          .catch(() => '')
      ).includes(text)
    )
      return true;
  }
  return false;
}
