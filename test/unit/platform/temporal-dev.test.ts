import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { searchAttributes } from '../../../src/domain/search-attributes.ts';
import { packageRoot } from '../../../src/platform/state-directory.ts';
import { temporalCliVersion } from '../../../src/platform/temporal-binary.ts';
import { localNamespace, localRetentionSeconds, serverArguments } from '../../../src/platform/temporal-server.ts';

interface Compose {
  readonly services: Readonly<
    Record<'temporal' | 'retention' | 'postgres', { image: string; command: string[]; ports: string[] }>
  >;
}

/** The values that follow a flag. */
const valuesOf = (args: readonly string[], flag: string): readonly (string | undefined)[] =>
  args.flatMap((argument, index) => (argument === flag ? [args[index + 1]] : []));

describe('temporal-dev.yml', async () => {
  const text = await readFile(join(packageRoot(), 'temporal-dev.yml'), 'utf8');
  const { services } = parse(text) as Compose;
  const local = serverArguments({ database: 'x.db', port: 1, uiPort: 2 });
  const flag = '--search-attribute';

  it('registers the same search attributes as the local start, which are those of the domain', () => {
    const all = Object.entries(searchAttributes).map(([name, type]) => `${name}=${type}`);

    expect(valuesOf(services.temporal.command, flag)).toEqual(all);
    expect(valuesOf(local, flag)).toEqual(all);
  });

  it('has the same namespace, with the same retention', () => {
    expect(valuesOf(services.temporal.command, '--namespace')).toEqual([localNamespace]);
    expect(valuesOf(services.retention.command, '--namespace')).toEqual([localNamespace]);
    expect(valuesOf(services.retention.command, '--retention')).toEqual([`${String(localRetentionSeconds / 3600)}h`]);
  });

  it('commits in the same way', () => {
    const pragmas = ['journal_mode=wal', 'synchronous=full'];

    expect(valuesOf(services.temporal.command, '--sqlite-pragma')).toEqual(pragmas);
    expect(valuesOf(local, '--sqlite-pragma')).toEqual(pragmas);
  });

  it('runs the same version as a local build', () => {
    expect(`v${services.temporal.image.split(':')[1] ?? ''}`).toBe(temporalCliVersion);
    expect(services.retention.image).toBe(services.temporal.image);
  });

  it('listens on the loopback alone', () => {
    const ports = [...services.temporal.ports, ...services.postgres.ports];

    expect(ports.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([]);
  });

  it('has no flag for the server that the local start lacks, but the namespace and the volume', () => {
    const flags = (args: readonly string[]): string[] =>
      [...new Set(args.filter((arg) => arg.startsWith('--')))].sort();

    expect(flags(services.temporal.command)).toEqual([...flags(local), '--namespace'].sort());
  });
});
