import { access, chmod, constants, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import getPort, { portNumbers } from 'get-port';
import { z } from 'zod';
import { InvalidInputError } from '../domain/errors.ts';

const ports = z.record(z.string(), z.number().int().min(1).max(65_535));

/** Below the range from which Linux takes the ports of outgoing connections (32768 and up), so that a remembered port stays free. */
const firstPort = 20_000;
const lastPort = 32_000;

/** The directory that holds everything this checkout started: databases, logs, ports, built images. Mode 0700. */
export interface StateDirectory {
  readonly path: string;
  /** The path of a directory inside, made when it is missing. */
  directory(name: string): Promise<string>;
  /** A port of this name on the loopback, the same at every call while nobody else listens on it; remembered, so that two clones do not meet. */
  freePort(name: string): Promise<number>;
  /** The port that `freePort` gave last under this name. */
  rememberedPort(name: string): Promise<number | undefined>;
}

/** `IMPRINT_STATE_DIR`, or `.imprint` in the checkout. */
export function stateDirectoryPath(env: Readonly<Record<string, string | undefined>> = process.env): string {
  return resolve(env['IMPRINT_STATE_DIR'] ?? join(packageRoot(), '.imprint'));
}

/** The directory that package.json lies in, from src as from dist. */
export function packageRoot(): string {
  return dirname(dirname(dirname(fileURLToPath(import.meta.url))));
}

/** Opens the state directory and makes it when it is missing; InvalidInputError when it cannot be made, or not be written to. */
export async function openStateDirectory(path: string = stateDirectoryPath()): Promise<StateDirectory> {
  await makeUsable(path);
  return {
    path,
    async directory(name) {
      const inside = join(path, name);
      await mkdir(inside, { recursive: true, mode: 0o700 });
      return inside;
    },
    freePort: (name) => freePort(join(path, 'ports.json'), name),
    rememberedPort: async (name) => (await readPorts(join(path, 'ports.json')))[name],
  };
}

/** What is started later would fail on it one by one, and each in words of its own. */
async function makeUsable(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
    await chmod(path, 0o700);
    await access(path, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw new InvalidInputError(
      `use the state directory ${path}: it cannot be made, or not be written to; is its file system mounted, and not read-only? IMPRINT_STATE_DIR names another`,
      { cause },
    );
  }
}

async function freePort(file: string, name: string): Promise<number> {
  const known = await readPorts(file);
  const remembered = known[name];
  if (remembered !== undefined && (await isFree(remembered))) return remembered;
  const start = firstPort + Math.floor(Math.random() * (lastPort - firstPort));
  const taken = Object.values(known);
  const port = await getPort({ port: portNumbers(start, lastPort + 500), exclude: taken, host: '127.0.0.1' });
  await writePorts(file, { ...known, [name]: port });
  return port;
}

/** get-port does not give a port twice in a short time, but a service that starts again must keep its own. */
async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return await new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}

async function readPorts(file: string): Promise<Readonly<Record<string, number>>> {
  try {
    return ports.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch {
    // Missing, or cut while it was written: ports are then chosen anew.
    return {};
  }
}

async function writePorts(file: string, known: Readonly<Record<string, number>>): Promise<void> {
  const partial = `${file}.${String(process.pid)}`;
  await writeFile(partial, `${JSON.stringify(known, undefined, 2)}\n`);
  await rename(partial, file);
}
