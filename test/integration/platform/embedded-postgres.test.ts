import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  startEmbeddedPostgres,
  stopEmbeddedPostgres,
  type EmbeddedPostgres,
} from '../../../src/platform/embedded-postgres.ts';
import { findPostmaster } from '../../../src/platform/postmaster.ts';
import { startTimeOf } from '../../../src/platform/process-identity.ts';
import { freePort } from '../../support/free-port.ts';

const module = new URL('../../../src/platform/embedded-postgres.ts', import.meta.url).href;

let directory: string;
let port: number;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'imprint-postgres-'));
  await chmod(directory, 0o755);
  port = await freePort();
});
afterEach(async () => {
  await stopEmbeddedPostgres(directory);
  await rm(directory, { recursive: true });
});

describe('the embedded PostgreSQL', () => {
  it('keeps its data when it is stopped, and when it is killed, and starts again', async () => {
    const first = await start();
    await query(first, 'CREATE TABLE kept (value text)');
    await query(first, `INSERT INTO kept VALUES ('stopped')`);
    await first.stop();
    await expect(query(first, 'SELECT 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    const second = await start();
    await query(second, `INSERT INTO kept VALUES ('killed')`);
    process.kill(second.pid, 'SIGKILL');
    const third = await start();
    expect(third.pid).not.toBe(second.pid);
    expect(await query(third, 'SELECT value FROM kept')).toEqual([{ value: 'stopped' }, { value: 'killed' }]);
  });

  it('is found and not started twice, even by two at once that ask for other ports', async () => {
    const [a, b] = await Promise.all([start(), startEmbeddedPostgres({ directory, port: await freePort() })]);
    expect(a).toMatchObject({ pid: b.pid, databaseUrl: b.databaseUrl });
    expect((await start()).pid).toBe(a.pid);
    expect((await readdir(directory)).sort()).toEqual(['data', 'password', 'postgres.log']);
  });

  it('outlives the process that started it and is stopped by the directory', async () => {
    const program = `import { startEmbeddedPostgres } from ${JSON.stringify(module)};
      console.log((await startEmbeddedPostgres(${JSON.stringify({ directory, port })})).pid);`;
    const args = ['--import', 'tsx', '--input-type=module', '--eval', program];
    const pid = Number((await execa(process.execPath, args)).stdout);
    expect(await startTimeOf(pid)).toBeDefined();
    await stopEmbeddedPostgres(directory);
    await stopEmbeddedPostgres(directory);
    expect(await startTimeOf(pid)).toBeUndefined();
  });

  it('listens on 127.0.0.1 only and wants its password, which nobody else can read', async () => {
    const server = await start();
    expect(await query(server, 'SHOW listen_addresses')).toEqual([{ listen_addresses: '127.0.0.1' }]);
    expect((await stat(join(directory, 'password'))).mode & 0o777).toBe(0o600);
    const url = new URL(server.databaseUrl);
    expect(url.password).toHaveLength(48);
    url.password = 'guessed';
    await expect(query({ databaseUrl: url.href }, 'SELECT 1')).rejects.toMatchObject({ code: '28P01' });
    expect(await readFile(join(directory, 'postgres.log'), 'utf8')).not.toContain(new URL(server.databaseUrl).password);
  });

  it('says that its port is taken', async () => {
    const blocker = createServer().listen(port, '127.0.0.1');
    await once(blocker, 'listening');
    await expect(start()).rejects.toMatchObject({
      name: 'UnavailableError',
      message: `could not start PostgreSQL on port ${String(port)}`,
      evidence: { log: expect.stringContaining('could not bind') as string },
    });
    blocker.close();
    await start();
  });

  it('starts although the number in the file of a killed one is another process by now', async () => {
    const first = await start();
    const pidFile = join(directory, 'data', 'postmaster.pid');
    const remains = await readFile(pidFile, 'utf8');
    await first.stop();
    const bystander = spawn('sleep', ['60']);
    await writeFile(pidFile, remains.replace(/^\d+/, String(bystander.pid)));
    expect(await findPostmaster(join(directory, 'data'))).toBeUndefined();
    const second = await start();
    expect(second.pid).not.toBe(bystander.pid);
    await second.stop();
    expect(bystander.exitCode).toBeNull();
    bystander.kill();
  });

  it.runIf(process.getuid?.() === 0)('runs below a directory that only root may enter', async () => {
    await chmod(directory, 0o700);
    const server = await start();
    expect(await query(server, 'SELECT current_user AS name')).toEqual([{ name: 'postgres' }]);
    const status = await readFile(`/proc/${String(server.pid)}/status`, 'utf8');
    expect(/^Uid:\t(\d+)/m.exec(status)?.[1]).not.toBe('0');
  });
});

function start(): Promise<EmbeddedPostgres> {
  return startEmbeddedPostgres({ directory, port });
}

async function query({ databaseUrl }: { databaseUrl: string }, sql: string): Promise<readonly unknown[]> {
  const client = new pg.Client({ connectionString: databaseUrl });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end().catch(() => undefined);
  }
}
