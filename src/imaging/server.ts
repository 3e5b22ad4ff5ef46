import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer as createPlainServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { posix } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { DEFAULT_CIPHERS } from 'node:tls';
import { errorChain, UnavailableError } from '../domain/errors.ts';
import { serverIdentity } from './authority.ts';
import { answerBoot, type BootAnswer, type BootParts } from './boot-routes.ts';
import { baseAddress } from './boot-script.ts';
import { makeArchive } from './environment/archive.ts';
import type { BuiltEnvironment } from './environment/build.ts';
import { createMachineDesk } from './machine-desk.ts';
import { createMachineRoutes, type MachineRoutes } from './machine-routes.ts';
import type { IsCardAt } from './neighbours.ts';
import { answerOf, readRequest, send } from './requests.ts';
import { createStateKeeper } from './state-keeper.ts';

/** Where a management node serves machines that boot over the network. */
export interface ImagingSettings {
  /** Absolute: the management node's library, where the orders lie. */
  readonly library: string;
  /** Under which machines reach it; also in its certificate. */
  readonly address: string;
  /** On which it listens. */
  readonly listen: string;
  /** What the kernel is told besides. */
  readonly kernelParameters: readonly string[];
  /** 0: any free one, for tests. */
  readonly httpPort: number;
  readonly httpsPort: number;
  /** Kernel and initramfs; made at need. */
  readonly environment: () => Promise<BuiltEnvironment>;
  /** Whether the card that a machine names is at the address from which it asks: `isNeighbour`, where no router lies between. */
  readonly isCardAt: IsCardAt;
  /** For the log: what could not be answered, and why. */
  readonly complain: (words: string) => void;
}

export interface ImagingServer {
  readonly httpPort: number;
  readonly httpsPort: number;
  close(): Promise<void>;
}

/**
 * In this server's order. A processor without instructions for AES, an old or an emulated one, is ten times as fast with ChaCha20 (`openssl speed`, 112 and 11 MB/s on QEMU's
 * own); with them both are faster than the network.
 */
const CIPHERS = `TLS_CHACHA20_POLY1305_SHA256:ECDHE-ECDSA-CHACHA20-POLY1305:${DEFAULT_CIPHERS}`;

/** A machine keeps its connection while it reads or writes a chunk, which on a slow disk takes longer than Node's five seconds. */
const IDLE_CONNECTION_MS = 65_000;

/** Serves boot scripts, kernel and initramfs over HTTP, and all else over TLS. UnavailableError when a port is taken. */
export async function startImagingServer(settings: ImagingSettings): Promise<ImagingServer> {
  const keeper = createStateKeeper();
  const desk = createMachineDesk(keeper);
  const identity = await serverIdentity(posix.join(settings.library, '.imaging', 'tls'), settings.address);
  const routes = createMachineRoutes(settings.library, keeper, desk, settings.isCardAt);
  const tls = createTlsServer(
    {
      ...{ cert: identity.certificate, key: identity.key, minVersion: 'TLSv1.2' },
      ciphers: CIPHERS,
      keepAliveTimeout: IDLE_CONNECTION_MS,
    },
    (message, response) => {
      void answerMachine(settings, routes, { message, response }).catch(refuseWith(settings, message, response));
    },
  );
  const httpsPort = await listen(tls, settings.listen, settings.httpsPort);
  const carrier = carryAuthority(identity.authority);
  const boot: BootParts & { httpPort: number } = {
    ...{ library: settings.library, keeper, httpPort: 0, kernelParameters: settings.kernelParameters },
    get addresses() {
      const { address } = settings;
      return { base: baseAddress(address, boot.httpPort), api: baseAddress(address, httpsPort, 'https') };
    },
    isCardAt: settings.isCardAt,
    environment: async () => ({ ...(await settings.environment()), carrier }),
  };
  const plain = createPlainServer((message, response) => {
    void serveBoot(boot, message, response).catch(refuseWith(settings, message, response));
  });
  boot.httpPort = await listen(plain, settings.listen, settings.httpPort).catch(async (error: unknown) => {
    await close(tls);
    throw error;
  });
  return {
    httpPort: boot.httpPort,
    httpsPort,
    close: async () => {
      await Promise.all([close(plain), close(tls)]);
      await desk.close();
    },
  };
}

interface Exchange {
  readonly message: IncomingMessage;
  readonly response: ServerResponse;
}

async function answerMachine(
  { complain }: ImagingSettings,
  routes: MachineRoutes,
  { message, response }: Exchange,
): Promise<void> {
  const answer = await routes.answer(readRequest(message));
  if (answer.status >= 400) complain(`${message.method ?? ''} ${message.url ?? ''}: ${String(answer.body)}`);
  send(response, answer);
}

/** Whatever a request throws is the answer to that request, and ends nothing else. */
function refuseWith(
  { complain }: ImagingSettings,
  message: IncomingMessage,
  response: ServerResponse,
): (error: unknown) => void {
  return (error) => {
    complain(`${message.method ?? ''} ${message.url ?? ''}: ${errorChain(error)}`);
    if (response.headersSent) response.destroy();
    else send(response, answerOf(error));
  };
}

async function serveBoot(parts: BootParts, message: IncomingMessage, response: ServerResponse): Promise<void> {
  const answer = await answerBoot(parts, readRequest(message));
  if (answer === undefined) send(response, { status: 404, body: 'there is no such thing\n' });
  else if ('text' in answer) send(response, { status: 200, body: answer.text });
  else await sendFile(answer, response);
}

async function sendFile(
  { file, before }: Extract<BootAnswer, { file: string }>,
  response: ServerResponse,
): Promise<void> {
  const { size } = await stat(file);
  response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': before.length + size });
  response.write(before);
  await pipeline(createReadStream(file), response);
}

/** A kernel unpacks several archives, one after the other; the later one adds to what the first has made. */
function carryAuthority(certificate: string): Buffer {
  const directory = (path: string) =>
    ({ path, kind: 'directory', content: Buffer.alloc(0), executable: false }) as const;
  const file = {
    path: 'etc/imprint/authority.crt',
    kind: 'file',
    content: Buffer.from(certificate),
    executable: false,
  } as const;
  return makeArchive([directory('etc'), directory('etc/imprint'), file]);
}

async function listen(server: Server, host: string, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) =>
      reject(new UnavailableError(`listen for machines on ${host}, port ${String(port)}`, { cause })),
    );
    server.listen({ host, port }, resolve);
  });
  return (server.address() as AddressInfo).port;
}

async function close(server: Server & { closeAllConnections(): void }): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeAllConnections();
  await closed;
}
