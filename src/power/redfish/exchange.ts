import { once } from 'node:events';
import { request as requestOver, type ClientRequest, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import { OutcomeUnknownError, UnauthorizedError, UnavailableError } from '../../domain/errors.ts';
import { connectVerified, hostOf, type Trust } from './connect-verified.ts';

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
}

/** A controller takes seconds to answer; one that takes a minute is not there. */
const LIMIT_MS = 60_000;

/** An answer of a controller is a few KiB. */
const LARGEST_BYTES = 4 * 1024 * 1024;

/**
 * Sends one request on a connection of its own, and reads the whole answer. Nothing is sent before the certificate is verified. UnauthorizedError: it is
 * another one; UnavailableError: nothing was sent, or only a question; OutcomeUnknownError: the answer to what changes something was lost.
 */
export async function exchange(request: HttpRequest, trust: Trust, signal: AbortSignal): Promise<HttpAnswer> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(LIMIT_MS)]);
  const socket = await open(request.url, trust, limit);
  try {
    return await answerOf(begin(request, socket, limit), request.body);
  } catch (error) {
    signal.throwIfAborted();
    const message = `no whole answer to ${request.method} ${request.url.href}`;
    const Lost = request.method === 'GET' ? UnavailableError : OutcomeUnknownError;
    throw new Lost(message, { cause: error });
  } finally {
    socket.destroy();
  }
}

async function open(url: URL, trust: Trust, limit: AbortSignal): Promise<Socket> {
  try {
    return url.protocol === 'https:' ? await connectVerified(url, trust, limit) : await connectPlain(url, limit);
  } catch (error) {
    if (error instanceof UnauthorizedError) throw error;
    throw new UnavailableError(`could not connect to ${url.origin}`, { cause: error });
  }
}

async function connectPlain(url: URL, signal: AbortSignal): Promise<Socket> {
  const socket = connect({ host: hostOf(url), port: Number(url.port === '' ? 80 : url.port), signal });
  await once(socket, 'connect', { signal });
  return socket;
}

/** HTTP on a connection that is open already, whether it is encrypted or not. */
function begin({ method, url, headers, body }: HttpRequest, socket: Socket, signal: AbortSignal): ClientRequest {
  const length = body === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(body)) };
  const path = `${url.pathname}${url.search}`;
  const all = { Host: url.host, Connection: 'close', ...headers, ...length };
  return requestOver({ method, path, headers: all, signal, createConnection: () => socket });
}

async function answerOf(request: ClientRequest, body: string | undefined): Promise<HttpAnswer> {
  return await new Promise((resolve, reject) => {
    request.once('error', reject);
    request.once('response', (response) => void readAll(response).then(resolve, reject));
    request.end(body);
  });
}

async function readAll(response: IncomingMessage): Promise<HttpAnswer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > LARGEST_BYTES) throw new Error('the answer is larger than 4 MiB');
    chunks.push(chunk);
  }
  const headers = Object.fromEntries(
    Object.entries(response.headers).map(([name, value]) => [name, Array.isArray(value) ? value[0] : value]),
  );
  return { status: response.statusCode ?? 0, headers, body: Buffer.concat(chunks).toString() };
}
