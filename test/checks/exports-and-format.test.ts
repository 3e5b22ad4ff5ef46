import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { packageRoot } from '../../src/platform/state-directory.ts';
import { plantCheckout, type PlantedCheckout } from '../support/planted-checkout.ts';

const live = {
  'src/client.ts': "import { used } from './domain/x.ts';\n\nexport const connect = (): number => used;\n",
  'src/domain/x.ts': 'export const used = 1;\n',
};

let checkout: PlantedCheckout | undefined;
afterEach(async () => await checkout?.remove());

describe('the check of dead exports', () => {
  it('refuses an export that nobody imports', async () => {
    checkout = await plantCheckout({ ...live, 'src/domain/x.ts': 'export const used = 1;\nexport const dead = 2;\n' });

    expect(await runScript(checkout, 'exports:check')).toMatchObject({
      passed: false,
      output: expect.stringContaining('dead'),
    });
  });

  it('refuses an export that only a test imports', async () => {
    checkout = await plantCheckout({
      ...live,
      'src/domain/x.ts': 'export const used = 1;\nexport const tested = 2;\n',
      'test/unit/x.test.ts': "import { tested } from '../../src/domain/x.ts';\n\nvoid tested;\n",
    });

    expect(await runScript(checkout, 'exports:check')).toMatchObject({
      passed: false,
      output: expect.stringContaining('tested'),
    });
  });

  it('refuses a file that nobody imports', async () => {
    checkout = await plantCheckout({ ...live, 'src/domain/forgotten.ts': 'export const x = 1;\n' });

    expect(await runScript(checkout, 'exports:check')).toMatchObject({
      passed: false,
      output: expect.stringContaining('forgotten.ts'),
    });
  });

  it('accepts exports that are used', async () => {
    checkout = await plantCheckout(live);

    expect(await runScript(checkout, 'exports:check')).toMatchObject({ passed: true });
  });
});

describe('the check of the format', () => {
  it('refuses double quotes', async () => {
    checkout = await plantCheckout({ 'src/domain/x.ts': 'export const x = "1";\n' });

    expect(await runScript(checkout, 'format:check')).toMatchObject({
      passed: false,
      output: expect.stringContaining('x.ts'),
    });
  });

  it('accepts what prettier writes', async () => {
    checkout = await plantCheckout({ 'src/domain/x.ts': "export const x = '1';\n" });
    await checkout.run('prettier', ['--write', '.']);

    expect(await runScript(checkout, 'format:check')).toMatchObject({ passed: true });
  });
});

describe('the check of types', () => {
  it('refuses an index that may be missing', async () => {
    checkout = await plantCheckout({ 'src/domain/x.ts': 'const a: number[] = [];\nexport const x: number = a[0];\n' });

    expect(await runScript(checkout, 'typecheck')).toMatchObject({
      passed: false,
      output: expect.stringContaining('TS2322'),
    });
  });

  it('accepts sound types', async () => {
    checkout = await plantCheckout({ 'src/domain/x.ts': 'export const x: number = 1;\n' });

    expect(await runScript(checkout, 'typecheck')).toMatchObject({ passed: true });
  });
});

/** Runs a script of our package.json in the planted checkout, program by program as npm would. */
async function runScript(planted: PlantedCheckout, name: string): Promise<{ passed: boolean; output: string }> {
  const { scripts } = JSON.parse(await readFile(join(packageRoot(), 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  let output = '';
  for (const command of scripts[name]?.split(' && ') ?? []) {
    const [program = '', ...args] = command.split(' ');
    const result = await planted.run(program, args);
    output += result.output;
    if (result.exitCode !== 0) return { passed: false, output };
  }
  return { passed: output !== '' || scripts[name] !== undefined, output };
}
