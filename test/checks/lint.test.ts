import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { plantCheckout, type PlantedCheckout } from '../support/planted-checkout.ts';

interface Finding {
  readonly ruleId: string;
  readonly message: string;
}

const long = (lines: number): string => Array.from({ length: lines }, () => "  /x/.test('');").join('\n');

/** Path of a planted file: its text, and the rule that must refuse it. */
const planted: Readonly<Record<string, readonly [text: string, rule: string]>> = {
  'src/library/floating.ts': [
    'export function go(): void {\n  Promise.resolve();\n}\n',
    '@typescript-eslint/no-floating-promises',
  ],
  'src/library/any.ts': ['export const value: any = 1;\n', '@typescript-eslint/no-explicit-any'],
  'src/library/import-type.ts': [
    "import { PathLike } from 'node:fs';\n\nexport type P = PathLike;\n",
    '@typescript-eslint/consistent-type-imports',
  ],
  'src/library/switch.ts': [
    "export function f(x: 'a' | 'b'): void {\n  switch (x) {\n    case 'a':\n      break;\n  }\n}\n",
    '@typescript-eslint/switch-exhaustiveness-check',
  ],
  'src/library/boundary.ts': [
    'export function f() {\n  return 1;\n}\n',
    '@typescript-eslint/explicit-module-boundary-types',
  ],
  'src/library/default.ts': ['const one = 1;\nexport default one;\n', 'no-restricted-syntax'],
  'src/library/star.ts': ["export * from './any.ts';\n", 'no-restricted-syntax'],
  'src/library/environment.ts': ["export const home = process.env['HOME'];\n", 'no-restricted-syntax'],
  'src/library/shell.ts': ['export const options = { shell: true };\n', 'no-restricted-syntax'],
  'src/library/console.ts': ["console.log('here');\n", 'no-console'],
  'src/library/long-function.ts': [`export function f(): void {\n${long(70)}\n}\n`, 'max-lines-per-function'],
  'src/library/long-file.ts': [long(301), 'max-lines'],
  'src/library/parameters.ts': [
    'export const f = (a: 1, b: 1, c: 1, d: 1, e: 1): number => a + b + c + d + e;\n',
    'max-params',
  ],
  'src/library/depth.ts': [
    'export function f(a: number): void {\n  if (a > 1) {\n    if (a > 2) {\n      if (a > 3) {\n        if (a > 4) f(1);\n      }\n    }\n  }\n}\n',
    'max-depth',
  ],
  'src/library/disable.ts': [
    '// eslint-disable-next-line eqeqeq\nexport const x = 1 == 1;\n',
    'imprint/disables-with-reason',
  ],
  'src/library/todo.ts': ['// TODO make it better\nexport const x = 1;\n', 'imprint/todos-with-issue'],
  'src/workflows/disk.ts': [
    "import { readFileSync } from 'node:fs';\n\nexport const x = readFileSync;\n",
    '@typescript-eslint/no-restricted-imports',
  ],
  'src/workflows/path.ts': [
    "import { join } from 'path';\n\nexport const x = join;\n",
    '@typescript-eslint/no-restricted-imports',
  ],
  'test/unit/mock.test.ts': ["import { vi } from 'vitest';\n\nvi.mock('./x.ts');\n", 'no-restricted-syntax'],
};

/** The same things where they are allowed, or done well. */
const sound: Readonly<Record<string, string>> = {
  'src/config.ts': "export const home: string | undefined = process.env['HOME'];\n",
  'src/cli/print.ts': "console.log('here');\n",
  'src/workflows/domain.ts': "import { x } from '../domain/x.ts';\n\nexport const y: number = x;\n",
  'src/domain/x.ts': '// TODO(#3): another value\nexport const x = 1;\n',
  'src/library/awaited.ts': `export async function go(): Promise<void> {\n  await Promise.resolve();\n${long(60)}\n}\n`,
};

describe('the linter', () => {
  let checkout: PlantedCheckout;
  let findings: ReadonlyMap<string, readonly Finding[]>;

  beforeAll(async () => {
    const texts = Object.fromEntries(Object.entries(planted).map(([path, [text]]) => [path, text]));
    checkout = await plantCheckout({ ...texts, ...sound });
    const { output } = await checkout.run('eslint', ['--format', 'json', 'src', 'test']);
    const results = JSON.parse(output) as { filePath: string; messages: Finding[] }[];
    findings = new Map(results.map((file) => [file.filePath.slice(checkout.path.length + 1), file.messages]));
  });
  afterAll(async () => await checkout.remove());

  it.each(Object.entries(planted).map(([path, [, rule]]) => [path, rule] as const))(
    'refuses %s by %s',
    (path, rule) => {
      expect(findings.get(path)?.map((finding) => finding.ruleId)).toContain(rule);
    },
  );

  it.each(Object.keys(sound))('accepts %s', (path) => {
    expect(findings.get(path)).toEqual([]);
  });

  it('gives the reason for each rule of ours in its message', () => {
    const message = findings.get('src/library/environment.ts')?.[0]?.message;

    expect(message).toContain('so that every setting is declared');
  });
});
