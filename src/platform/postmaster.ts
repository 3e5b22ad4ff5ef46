import { readFile, readlink, realpath, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { UnavailableError } from '../domain/errors.ts';
import { startTimeOf } from './process-identity.ts';

/** The server process of a data directory. */
export interface Postmaster {
  readonly pid: number;
  readonly port: number;
}

/** The living server of the data directory; undefined when there is none. */
export async function findPostmaster(dataDirectory: string): Promise<Postmaster | undefined> {
  const text = await readFile(join(dataDirectory, 'postmaster.pid'), 'utf8').catch(() => '');
  const postmaster = parsePostmasterFile(text);
  return postmaster && (await servesDirectory(postmaster.pid, dataDirectory)) ? postmaster : undefined;
}

/** Reads postmaster.pid: process number, data directory, start time, port, one a line; undefined when it is cut or empty. */
export function parsePostmasterFile(text: string): Postmaster | undefined {
  const lines = text.split('\n');
  const [pid, port] = [Number(lines[0]), Number(lines[3])];
  return lines.length > 4 && Number.isInteger(pid) && pid > 0 && port > 0 ? { pid, port } : undefined;
}

/**
 * After a crash the number in the file may be another process's by now. A server's working directory is its data directory; where that
 * cannot be looked up (no /proc), being alive must do.
 */
async function servesDirectory(pid: number, dataDirectory: string): Promise<boolean> {
  if ((await startTimeOf(pid)) === undefined) return false;
  if (process.platform !== 'linux') return true;
  const directory = await readlink(`/proc/${String(pid)}/cwd`).catch(() => undefined);
  return directory === (await realpath(dataDirectory));
}

/** Removes what a server that is gone left; PostgreSQL refuses to start as long as any process has the number in its file. */
export async function removeStaleFile(dataDirectory: string): Promise<void> {
  if (!(await findPostmaster(dataDirectory))) await rm(join(dataDirectory, 'postmaster.pid'), { force: true });
}

/** SIGINT is PostgreSQL's fast shutdown, SIGQUIT its immediate one, after which the next start recovers. */
export async function stopPostmaster(dataDirectory: string): Promise<void> {
  const postmaster = await findPostmaster(dataDirectory);
  if (!postmaster) return;
  for (const signal of ['SIGINT', 'SIGQUIT', 'SIGKILL'] as const) {
    process.kill(postmaster.pid, signal);
    if (await isGoneWithin(postmaster.pid, 10_000)) return;
  }
  throw new UnavailableError(`could not stop PostgreSQL, process ${String(postmaster.pid)}: it does not end`);
}

async function isGoneWithin(pid: number, limitMs: number): Promise<boolean> {
  for (const deadline = Date.now() + limitMs; Date.now() < deadline; await delay(25)) {
    if ((await startTimeOf(pid)) === undefined) return true;
  }
  return false;
}
