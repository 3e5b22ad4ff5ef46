import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { searchAttributes } from '../../../src/domain/search-attributes.ts';
import { startPlatform, stopPlatform, type Platform } from '../../../src/platform/platform.ts';
import { findProcess } from '../../../src/platform/process-file.ts';
import { missingSearchAttributes } from '../../../src/platform/search-attributes.ts';
import { temporalAnswers, withTemporal } from '../../../src/platform/temporal-connection.ts';
import { localRetentionSeconds } from '../../../src/platform/temporal-server.ts';
import { skipWithout } from '../../support/unavailable.ts';

const quiet = {
  line: () => undefined,
  during: async <T>(_: string, work: (say: () => void) => Promise<T>) => await work(() => undefined),
};

describe('the platform', () => {
  let directory: string;
  let platform: Platform;
  const configured = { DATABASE_URL: process.env['DATABASE_URL'], TEMPORAL_ADDRESS: process.env['TEMPORAL_ADDRESS'] };

  beforeAll(async () => {
    for (const name of Object.keys(configured)) Reflect.deleteProperty(process.env, name);
    directory = await mkdtemp(join(tmpdir(), 'imprint-platform-'));
    platform = await startPlatform({ stateDirectory: directory, report: quiet });
  });
  afterAll(async () => {
    await stopPlatform(directory);
    await rm(directory, { recursive: true, force: true });
    for (const [name, value] of Object.entries(configured)) if (value !== undefined) process.env[name] = value;
  });
  beforeEach((context) => skipWithout(context, 'temporal', 'postgres'));

  const place = () => ({
    connectionOptions: { address: platform.temporalAddress },
    namespace: platform.temporalNamespace,
  });
  const processFile = () => join(directory, 'temporal', 'process.json');

  it('has a Temporal server with our search attributes and a month of retention', async () => {
    await withTemporal(place(), async (connection) => {
      expect(await missingSearchAttributes(connection, 'default')).toEqual([]);

      const { config } = await connection.workflowService.describeNamespace({ namespace: 'default' });
      expect(Number(config?.workflowExecutionRetentionTtl?.seconds)).toBe(localRetentionSeconds);
    });
  });

  it('has a database', async () => {
    const client = new pg.Client({ connectionString: platform.databaseUrl });
    await client.connect();

    expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);

    await client.end();
  });

  it('shows no password in its summary', () => {
    const password = new URL(platform.databaseUrl).password;

    expect(password).not.toBe('');
    expect(platform.summary.join('\n')).not.toContain(password);
  });

  it('is found by a second start, which does not stop it', async () => {
    const before = await findProcess(processFile());
    const second = await startPlatform({ stateDirectory: directory, report: quiet });
    await second.stop();

    expect(second.temporalAddress).toBe(platform.temporalAddress);
    expect(second.databaseUrl).toBe(platform.databaseUrl);
    expect(await findProcess(processFile())).toEqual(before);
    expect(await temporalAnswers(place())).toBe(true);
  });

  it('starts a killed Temporal server again at the same address, on the same database', async () => {
    const known = await findProcess(processFile());
    await withTemporal(place(), async (connection) => {
      await connection.operatorService.addSearchAttributes({
        namespace: 'default',
        searchAttributes: Object.fromEntries([['Kept', 2]]),
      });
    });
    process.kill(known!.pid, 'SIGKILL');

    const again = await startPlatform({ stateDirectory: directory, report: quiet });

    expect(again.temporalAddress).toBe(platform.temporalAddress);
    await withTemporal(place(), async (connection) => {
      const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace: 'default' });
      expect(Object.keys(customAttributes)).toEqual(expect.arrayContaining(['Kept', ...Object.keys(searchAttributes)]));
    });
  });

  it('keeps away from another state directory', async () => {
    const other = await mkdtemp(join(tmpdir(), 'imprint-platform-'));
    const second = await startPlatform({ stateDirectory: other, report: quiet });

    expect(second.temporalAddress).not.toBe(platform.temporalAddress);
    expect(second.databaseUrl).not.toBe(platform.databaseUrl);

    await second.stop();
    await rm(other, { recursive: true, force: true });
    expect(await temporalAnswers(place())).toBe(true);
  });

  it('leaves no process when it is stopped, and may be stopped twice', async () => {
    await stopPlatform(directory);
    await stopPlatform(directory);

    const { stdout } = await execa('ps', ['-eo', 'stat=,args=']);
    const left = stdout.split('\n').filter((line) => line.includes(directory) && !line.startsWith('Z'));
    expect(left).toEqual([]);
    expect(await temporalAnswers(place())).toBe(false);
  });
});
