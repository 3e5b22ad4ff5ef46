import { readFile } from 'node:fs/promises';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { demoSystems, shownByDefault } from '../../../src/demo/demo-systems.ts';
import { provisionerNames } from '../../../src/provisioners/registry.ts';

const names = Object.keys(demoSystems);

describe('the systems of the demo', () => {
  it('are provisioning systems, under the names that computers use', () => {
    expect(names.filter((name) => !(provisionerNames as readonly string[]).includes(name))).toEqual([]);
    expect(names).toContain(shownByDefault);
  });

  it('are listed by its help, each with a line of its own', async () => {
    const { stdout } = await execa(process.execPath, ['--import', 'tsx', 'src/demo/main.ts', '--help']);
    for (const [name, { summary }] of Object.entries(demoSystems)) {
      expect(stdout).toContain(`  ${name.padEnd(16)} ${summary}\n`);
    }
  }, 60_000);

  it('are told of in the README', async () => {
    const readme = await readFile(new URL('../../../README.md', import.meta.url), 'utf8');
    for (const name of names) expect(readme).toContain(`\`--system ${name}\``);
  });
});
