import { request as requestPlain, type ClientRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as requestSecure } from 'node:https';
import type { TLSSocket } from 'node:tls';
import { OutcomeUnknownError, UnauthorizedError, UnavailableError } from '../../domain/errors.ts';
import { connectVerified, type Trust } from './connect-verified.ts';

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
  const what = `${request.method} ${request.url.href}`;
  const socket = request.url.protocol === 'https:' ? await connect(request.url, trust, limit) : undefined;
  const sent = { yet: socket !== undefined };
  try {
    return await answerOf(begin(request, socket, limit), request.body, sent);
  } catch (error) {
    signal.throwIfAborted();
    const harmless = request.method === 'GET' || !sent.yet;
    const message = `no whole answer to ${what}`;
    throw harmless
      ? new UnavailableError(message, { cause: error })
      : new OutcomeUnknownError(message, { cause: error });
  } finally {
    socket?.destroy();
  }
}

async function connect(url: URL, trust: Trust, limit: AbortSignal): Promise<TLSSocket> {
  try {
    return await connectVerified(url, trust, limit);
  } catch (error) {
    if (error instanceof UnauthorizedError) throw error;
    throw new UnavailableError(`could not connect to ${url.origin}`, { cause: error });
  }
}

function begin({ method, url, headers, body }: HttpRequest, socket: TLSSocket | undefined, signal: AbortSignal) {
  const length = body === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(body)) };
  const options: RequestOptions = { method, headers: { ...headers, ...length }, signal, agent: false };
  if (socket === undefined) return requestPlain(url, options);
  return requestSecure(url, { ...options, createConnection: () => socket });
}

async function answerOf(request: ClientRequest, body: string | undefined, sent: { yet: boolean }): Promise<HttpAnswer> {
  return await new Promise((resolve, reject) => {
    request.once('error', reject);
    request.once('socket', (socket) => socket.once('connect', () => (sent.yet = true)));
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
