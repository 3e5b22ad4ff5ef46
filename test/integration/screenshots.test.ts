import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { chromium } from 'playwright-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { takePicture } from '../../scripts/screenshots/pictures.ts';
import { findCommand } from '../../src/platform/commands.ts';
import { packageRoot } from '../../src/platform/state-directory.ts';
import { skipWithout } from '../support/unavailable.ts';

/** Width and height of a PNG file, from its first chunk. */
const sizeOf = (png: Buffer): readonly number[] => {
  expect(png.subarray(1, 4).toString('latin1')).toBe('PNG');
  return [png.readUInt32BE(16), png.readUInt32BE(20)];
};

describe("the pictures of Temporal's UI", () => {
  let directory = '';

  beforeEach(async (context) => {
    skipWithout(context, 'browser', 'temporal', 'postgres');
    directory = await mkdtemp(join(tmpdir(), 'imprint-test-pictures-'));
  });
  afterEach(async () => await rm(directory, { recursive: true, force: true }));

  it('are taken by one command, which sees in a real browser that they show a running and a finished capture', async () => {
    const script = join(packageRoot(), 'scripts', 'screenshots.mjs');
    const args = [script, '--out', directory, '--copy-seconds', '30'];
    const { exitCode, all } = await execa(process.execPath, args, { reject: false, all: true });
    expect(exitCode, all).toBe(0);

    const page = await readFile(join(packageRoot(), 'docs', 'temporal-ui.md'), 'utf8');
    const shown = [...page.matchAll(/\]\(images\/([\w-]+\.png)\)/g)].map(([, file]) => file);
    const taken = await readdir(directory);
    expect(taken.sort()).toEqual(shown.sort());
    expect(taken.length).toBeGreaterThan(3);
    for (const file of taken) {
      const png = await readFile(join(directory, file));
      expect(sizeOf(png)[0]).toBe(1400);
      expect(png.length).toBeLessThan(300 * 1024);
    }
  });

  it('are refused when a page does not show what it must', async () => {
    const server = createServer((_, response) => response.end('<html><body>Nothing of interest</body></html>'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
    const executablePath = await findCommand('chromium');
    const browser = await chromium.launch({ executablePath: executablePath ?? '', chromiumSandbox: false });
    try {
      const page = await browser.newPage();
      const picture = { name: 'x', tab: 'history', holds: ['Copy vda'], height: 400 } as const;
      const album = { directory, limitMs: 1_000 };
      await expect(takePicture(page, address, picture, album)).rejects.toThrow(/does not show "Copy vda"/);
      expect(await readdir(directory)).toEqual([]);
      await takePicture(page, address, { ...picture, holds: ['interest'] }, album);
      expect(await readdir(directory)).toEqual(['x.png']);
    } finally {
      await browser.close();
      server.close();
    }
  });
});
