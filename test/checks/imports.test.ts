import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../src/platform/state-directory.ts';
import { plantCheckout, type PlantedCheckout } from '../support/planted-checkout.ts';

const leaf = 'export const x = 1;\nexport type X = number;\n';
const uses = (path: string): string => `import { x } from '${path}';\n\nexport const y = x;\n`;
const names = (path: string): string => `import type { X } from '${path}';\n\nexport type Y = X;\n`;

/** Rule, file that breaks it, its text. What it imports from our source is planted too, as a leaf. */
const violations: readonly (readonly [rule: string, file: string, text: string])[] = [
  ['direction-domain', 'src/domain/a1.ts', uses('../remote/x.ts')],
  ['direction-remote', 'src/remote/a2.ts', uses('../library/x.ts')],
  ['direction-library', 'src/library/a3.ts', uses('../os/x.ts')],
  ['direction-provisioners', 'src/provisioners/a4.ts', uses('../os/x.ts')],
  ['direction-os', 'src/os/a5.ts', uses('../provisioners/x.ts')],
  ['direction-catalog', 'src/catalog/a6.ts', uses('../remote/x.ts')],
  ['direction-activities', 'src/activities/a7.ts', uses('../workflows/x.ts')],
  ['direction-workflows', 'src/workflows/a8.ts', uses('../catalog/x.ts')],
  ['direction-client', 'src/client.ts', uses('./activities/x.ts')],
  ['direction-worker', 'src/worker.ts', uses('./cli/x.ts')],
  ['direction-cli', 'src/cli/a9.ts', uses('../activities/x.ts')],
  ['direction-platform', 'src/platform/a10.ts', uses('../catalog/x.ts')],
  ['domain-stands-alone', 'src/domain/a11.ts', "import { z } from 'zod';\n\nexport const y = z;\n"],
  ['domain-stands-alone', 'src/domain/a12.ts', "import { join } from 'node:path';\n\nexport const y = join;\n"],
  ['no-temporal-in-modules', 'src/os/a13.ts', "import { log } from '@temporalio/activity';\n\nexport const y = log;\n"],
  [
    'no-temporal-in-modules',
    'src/catalog/a14.ts',
    "import type { Client } from '@temporalio/client';\n\nexport type Y = Client;\n",
  ],
  ['workflows-import-activities-as-types', 'src/workflows/a15.ts', uses('../activities/x.ts')],
  ['workflows-do-no-io', 'src/workflows/a16.ts', "import pg from 'pg';\n\nexport const y = pg;\n"],
  [
    'workflows-do-no-io',
    'src/workflows/a17.ts',
    "import { Client } from '@temporalio/client';\n\nexport const y = Client;\n",
  ],
  ['provisioners-keep-apart', 'src/activities/a18.ts', uses('../provisioners/libvirt/x.ts')],
  ['provisioners-do-not-share-folders', 'src/provisioners/xcat/a19.ts', uses('../libvirt/x.ts')],
  ['resolvable', 'src/library/a20.ts', uses('./missing.ts')],
  ['no-tests-in-source', 'src/library/a21.ts', uses('../../test/x.ts')],
  [
    'no-dev-dependencies-in-source',
    'src/library/a22.ts',
    "import { expect } from 'vitest';\n\nexport const y = expect;\n",
  ],
  ['no-unlisted-dependencies', 'src/library/a23.ts', "import { x } from 'undici-types';\n\nexport const y = x;\n"],
];

const allowed: Readonly<Record<string, string>> = {
  'src/domain/x.ts': leaf,
  'src/remote/x.ts': uses('../domain/x.ts').replace('const y', 'const x2'),
  'src/activities/x.ts': leaf,
  'src/provisioners/libvirt/x.ts': leaf,
  'src/provisioners/registry.ts': uses('./libvirt/x.ts'),
  'src/workflows/a.ts': names('../activities/x.ts'),
  'src/worker.ts': uses('./activities/x.ts'),
  'src/catalog/a.ts': "import pg from 'pg';\nimport { x } from '../domain/x.ts';\n\nexport const y = [pg, x];\n",
};

describe('the check of import directions', () => {
  let checkout: PlantedCheckout;
  let found: readonly string[];

  beforeAll(async () => {
    const targets = violations.flatMap(([, file, text]) => targetOf(file, text));
    checkout = await plantCheckout({
      'package.json': await readFile(join(packageRoot(), 'package.json'), 'utf8'),
      ...Object.fromEntries(targets.map((target) => [target, leaf])),
      ...Object.fromEntries(violations.map(([, file, text]) => [file, text])),
      'src/os/one.ts': uses('./other.ts'),
      'src/os/other.ts': uses('./one.ts'),
    });
    found = await brokenRules(checkout);
  });
  afterAll(async () => await checkout.remove());

  it.each(violations)('%s refuses %s', (rule, file) => {
    expect(found).toContain(`${rule}: ${file}`);
  });

  it('refuses two files that import each other', () => {
    expect(found).toContain('no-cycles: src/os/one.ts');
  });

  it('accepts imports that point the right way', async () => {
    const sound = await plantCheckout({ ...allowed, 'package.json': '{ "dependencies": { "pg": "8" } }' });

    expect(await brokenRules(sound)).toEqual([]);

    await sound.remove();
  });
});

/** The module of ours that the file imports, which has to be there; none when it must be missing. */
function targetOf(file: string, text: string): readonly string[] {
  const imported = /from '(\.[^']*)'/.exec(text)?.[1];
  if (imported === undefined || imported.includes('missing')) return [];
  return [new URL(imported, `file:///${file}`).pathname.slice(1)];
}

/** `rule: file` for each. */
async function brokenRules(checkout: PlantedCheckout): Promise<readonly string[]> {
  const args = ['--config', 'dependency-cruiser.config.mjs', '--output-type', 'json', 'src'];
  const { output } = await checkout.run('depcruise', args);
  const { summary } = JSON.parse(output) as { summary: { violations: { rule: { name: string }; from: string }[] } };
  return summary.violations.map(({ rule, from }) => `${rule.name}: ${from}`);
}
