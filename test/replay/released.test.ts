import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { packageRoot } from '../../src/platform/state-directory.ts';
import { formatCode, keepReleased } from './keep-released.ts';
import { missingHistories } from './predating.ts';
import { readReleased } from './released.ts';
import { digestWorkflows } from './workflow-code.ts';

const here = fileURLToPath(new URL('.', import.meta.url));
const changelogOf = (...versions: readonly string[]): string =>
  ['# Changelog', '## [Unreleased]', ...versions.map((version) => `## [${version}] - 2027-01-01`)].join('\n\n');

describe('the histories of released versions', () => {
  it('are there for every workflow that has changed since', async () => {
    const changelog = await readFile(join(packageRoot(), 'CHANGELOG.md'), 'utf8');
    const [sets, present] = [await readReleased(here), await digestWorkflows(packageRoot())];
    expect(missingHistories(changelog, sets, present)).toEqual([]);
  });

  describe('in a checkout with a release', () => {
    let root: string;
    let replay: string;
    const problems = async (...versions: readonly string[]) =>
      missingHistories(changelogOf(...versions), await readReleased(replay), await digestWorkflows(root));
    const change = async (find: string, by: string): Promise<void> => {
      const path = join(root, 'src/workflows/capture-image.ts');
      const text = await readFile(path, 'utf8');
      expect(text.split(find)).toHaveLength(2);
      await writeFile(path, text.replace(find, by));
    };
    /** As the recorder would, with a history that is none. */
    const record = async (): Promise<void> => {
      const present = await digestWorkflows(root);
      for (const workflow of Object.keys(present)) {
        await mkdir(join(replay, 'histories', workflow), { recursive: true });
        await writeFile(join(replay, 'histories', workflow, 'one.json'), '{"events":[]}');
      }
      await writeFile(join(replay, 'histories/code.json'), formatCode(present));
    };
    const release = async (version: string): Promise<void> =>
      await keepReleased(replay, version, await digestWorkflows(root));
    /** A change of the steps of captureImage, and of nothing else. */
    const changeCapture = async (): Promise<void> => await change('await checkNode(capture);', '');

    beforeEach(async () => {
      root = await mkdtemp(join(tmpdir(), 'imprint-released-'));
      replay = join(root, 'test/replay');
      for (const part of ['workflows', 'domain']) {
        await cp(join(packageRoot(), 'src', part), join(root, 'src', part), { recursive: true });
      }
      await record();
      await release('0.1.0');
    });
    afterEach(async () => await rm(root, { recursive: true, force: true }));

    it('are not missed while nothing has changed, nor for a change of comments and of formatting', async () => {
      expect(await problems('0.1.0')).toEqual([]);
      const before = await digestWorkflows(root);
      await change('    // 3. Check what could stand in the way.\n', '\n\n      // Look.\n  ');
      expect(await digestWorkflows(root)).toEqual(before);
    });

    it('let a changed workflow pass where one that predates the change is kept', async () => {
      await changeCapture();
      await record();
      expect(await problems('0.1.0')).toEqual([]);
    });

    it('are missed where a workflow has changed and none of it is kept', async () => {
      await changeCapture();
      await rm(join(replay, 'released/0.1.0/captureImage'), { recursive: true });
      await rm(join(replay, 'released/0.1.0/loadNode'), { recursive: true });
      // The load has not changed: its present histories are those of the release.
      expect(await problems('0.1.0')).toEqual([
        'captureImage has changed since 0.1.0, and no history of 0.1.0 is kept',
      ]);
    });

    it('are missed for a release of which none was kept, but not for one that was given up long ago', async () => {
      expect(await problems('0.2.0', '0.1.0')).toEqual([expect.stringMatching(/^0\.2\.0 is released, and its hist/)]);
      expect(await problems('0.1.0', '0.0.1')).toEqual([]);
      await rm(join(replay, 'released'), { recursive: true });
      expect(await problems('0.1.0', '0.0.1')).toEqual([expect.stringMatching(/^0\.1\.0 is released/)]);
      expect(await problems()).toEqual([]);
    });

    it('are kept at the next release only of what has changed', async () => {
      await changeCapture();
      await record();
      await release('0.2.0');
      expect((await readReleased(replay)).map(({ workflows }) => workflows)).toMatchObject([
        expect.arrayContaining(['captureImage', 'loadNode']),
        ['captureImage'],
      ]);
      expect(await problems('0.2.0', '0.1.0')).toEqual([]);
    });

    it('are refused that were recorded with other code, and those of a version that has some', async () => {
      await expect(release('0.1.0')).rejects.toThrow('kept already');
      await changeCapture();
      await expect(release('0.2.0')).rejects.toThrow('not recorded with the code of 0.2.0: captureImage;');
    });
  });
});
