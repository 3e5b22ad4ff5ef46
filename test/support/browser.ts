import { chromium, type Page } from 'playwright-core';
import { findCommand } from '../../src/platform/commands.ts';

/** A page of a real browser that is closed afterwards. Only what the test itself has started is opened, and Chromium's sandbox refuses to run as root. */
export async function withPage(work: (page: Page) => Promise<void>): Promise<void> {
  const executablePath = await findCommand('chromium');
  const browser = await chromium.launch({ executablePath: executablePath ?? '', chromiumSandbox: false });
  try {
    await work(await browser.newPage({ viewport: { width: 1400, height: 1000 } }));
  } finally {
    await browser.close();
  }
}
