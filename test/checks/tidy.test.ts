import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { procedures } from '../../src/domain/run.ts';
import { operatingSystemNames } from '../../src/os/registry.ts';
import { packageRoot } from '../../src/platform/state-directory.ts';
import { describeSettings } from '../../src/config.ts';
import { provisionerNames } from '../../src/provisioners/registry.ts';
import { describeSystems } from '../../src/worker/describe-systems.ts';

const read = async (path: string): Promise<string> => await readFile(join(packageRoot(), path), 'utf8');
const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** The numbers of the steps in a workflow's comments: `// 5. Carry the plan out`, `// 2 to 8. …`. */
function stepsOfCode(source: string): readonly number[] {
  const ranges = [...source.matchAll(/^\s*\/\/ (\d+)(?: to (\d+))?\. /gm)];
  return ranges.flatMap(([, from, to]) => {
    const [first, last] = [Number(from), Number(to ?? from)];
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}

/** The numbers of the steps in a procedure's table: `| 6.1 Structure | …` belongs to step 6. */
function stepsOfPage(page: string): readonly number[] {
  return [...new Set([...page.matchAll(/^\| (\d+)[. ]/gm)].map(([, number]) => Number(number)))];
}

describe('each procedure', () => {
  it.each([...procedures, 'archiveRuns', 'audit', 'checkSystems'])(
    '%s has a page with the same steps as its workflow, which names it',
    async (procedure) => {
      const page = `docs/procedures/${kebab(procedure)}.md`;
      const source = await read(`src/workflows/${kebab(procedure)}.ts`);

      expect(source).toContain(page);
      expect(stepsOfCode(source).length).toBeGreaterThan(1);
      expect(stepsOfPage(await read(page))).toEqual(stepsOfCode(source));
    },
  );

  it('is seen to differ from its page when one of them has another step', () => {
    expect(stepsOfCode('  // 1. Claim.\n  // 2 to 4. Rest.\n')).toEqual([1, 2, 3, 4]);
    expect(stepsOfPage('| 1 Claim | x |\n| 2.1 A | x |\n| 2.2 B | x |\n| 4 C | x |\n')).toEqual([1, 2, 4]);
  });
});

/** What an administrator looks for on the page of a provisioning system, in this order. */
const headingsOfProvisioner = [
  'What it can do',
  'Settings',
  'Set-up',
  'Plan and what remains if a step fails',
  'What cannot be fenced',
  'What was tried and on what',
  'Known trouble',
] as const;

const headingsOf = (page: string): readonly string[] =>
  [...page.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading ?? '');

describe('each page of a provisioning system', () => {
  it.each(provisionerNames)('of %s has the same headings in the same order', async (name) => {
    expect(headingsOf(await read(`docs/provisioners/${name}.md`))).toEqual(headingsOfProvisioner);
  });

  it('is seen to lack one', () => {
    expect(headingsOf('# x\n\n## Settings\n\n### A load\n\n## Known trouble\n')).toEqual(['Settings', 'Known trouble']);
  });
});

describe('each module', () => {
  it.each(provisionerNames)(
    'of the provisioner %s has its declaration, its page and the shared suite',
    async (name) => {
      expect(await read(`src/provisioners/${name}/index.ts`)).toMatch(/^export /m);
      expect(await read(`docs/provisioners/${name}.md`)).toMatch(/^# /m);
      expect(await testsThatCall(`describeProvisioner('${name}'`)).not.toEqual([]);
    },
  );

  it.each(Object.entries(describeSystems()))(
    'of the provisioner %s has a page that names every setting',
    async (name, { settings }) => {
      const page = await read(`docs/provisioners/${name}.md`);
      const outer = settings.filter((setting) => !/[.[]/.test(setting.name));
      expect(outer.map((setting) => setting.name).filter((setting) => !page.includes(`\`${setting}`))).toEqual([]);
    },
  );

  it.each(operatingSystemNames)('of the operating system %s has its declaration and its page', async (name) => {
    expect(await read(`src/os/${name}/index.ts`)).toMatch(/^export /m);
    expect(await read(`docs/os/${name}.md`)).toMatch(/^# /m);
  });
});

describe('the guide for production', () => {
  const settingsOf = (guide: string): readonly string[] =>
    [...guide.matchAll(/^\| `((?:DATABASE|IMPRINT)_\w+)` \|/gm)].map(([, name]) => name ?? '').sort();

  it('has every setting, and no other', async () => {
    const settings = describeSettings().map(({ name }) => name);
    expect(settingsOf(await read('docs/production.md'))).toEqual(settings.toSorted());
  });

  it('is seen to lack one that is not in its table', () => {
    expect(settingsOf('| `IMPRINT_LIBRARY` | | x |\nIMPRINT_ADDRESS\n')).toEqual(['IMPRINT_LIBRARY']);
  });

  it('has the unit and its settings beside it', async () => {
    expect(await read('packaging/systemd/imprint-worker.service')).toContain('dist/cli/main.js worker');
    const example = await read('packaging/systemd/worker.env.example');
    const names = [...example.matchAll(/^(IMPRINT_\w+)=/gm)].map(([, name]) => name);
    expect(describeSettings().map(({ name }) => name)).toEqual(expect.arrayContaining(names));
  });
});

describe('the changelog', () => {
  it('has a section for what is not released yet', async () => {
    expect(await read('CHANGELOG.md')).toMatch(/^## \[Unreleased\]$/m);
  });
});

/** The test files that hold the text. */
async function testsThatCall(text: string): Promise<readonly string[]> {
  const files = (await readdir(join(packageRoot(), 'test'), { recursive: true })).filter((file) =>
    file.endsWith('.test.ts'),
  );
  const found = await Promise.all(files.map(async (file) => (await read(join('test', file))).includes(text)));
  return files.filter((_, index) => found[index]);
}
