import type { IncomingMessage, ServerResponse } from 'node:http';
import { CapacityError, ImprintError, InvalidInputError, UnauthorizedError, errorChain } from '../domain/errors.ts';

/** What a machine asked for. */
export interface MachineRequest {
  /** `PUT /chunk`. */
  readonly route: string;
  readonly query: URLSearchParams;
  /** Of the machine; IPv4 without the prefix that a socket for both gives it. */
  readonly address: string;
  readonly message: IncomingMessage;
}

export interface Answer {
  readonly status: number;
  readonly body: string | Buffer;
}

/** InvalidInputError for what is no path: `//`. */
export function readRequest(message: IncomingMessage): MachineRequest {
  const asked = message.url ?? '/';
  if (!URL.canParse(asked, 'http://machine'))
    throw new InvalidInputError(`read a machine's request: ${JSON.stringify(asked)} is no path`);
  const url = new URL(asked, 'http://machine');
  return {
    route: `${message.method ?? ''} ${url.pathname}`,
    query: url.searchParams,
    address: (message.socket.remoteAddress ?? '').replace(/^::ffff:/, ''),
    message,
  };
}

/** The body, whole. InvalidInputError when it is longer than `most` bytes or cut. */
export async function readBody(message: IncomingMessage, most: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of message as AsyncIterable<Buffer>) {
    bytes += piece.length;
    if (bytes > most) throw new InvalidInputError(`take what a machine sends: it is more than ${String(most)} bytes`);
    pieces.push(piece);
  }
  if (!message.complete) throw new InvalidInputError('take what a machine sends: it was cut');
  return Buffer.concat(pieces);
}

/** A whole number of the query; InvalidInputError for anything else. */
export function wholeNumber(query: URLSearchParams, name: string): number {
  const text = query.get(name) ?? '';
  if (!/^\d{1,15}$/.test(text))
    throw new InvalidInputError(`read a machine's request: ${name} is ${JSON.stringify(text)}`);
  return Number(text);
}

/** A text of the query; InvalidInputError when it is missing. */
export function textOf(query: URLSearchParams, name: string): string {
  const text = query.get(name);
  if (text === null) throw new InvalidInputError(`read a machine's request: ${name} is missing`);
  return text;
}

/**
 * How an error is told to a machine: 401 ends its work, 409 makes it ask what to do now, 422 makes it send the same again, 5xx make it wait. The words are
 * for the machine's console.
 */
export function answerOf(error: unknown): Answer {
  const body = `${errorChain(error)}\n`;
  if (error instanceof UnauthorizedError) return { status: 401, body };
  if (error instanceof InvalidInputError) return { status: 422, body };
  if (error instanceof CapacityError) return { status: 507, body };
  if (error instanceof ImprintError) return { status: error.retryable ? 503 : 409, body };
  return { status: 500, body: 'the management node could not do it now\n' };
}

export function send(response: ServerResponse, { status, body }: Answer): void {
  const bytes = Buffer.from(body);
  response.writeHead(status, {
    'content-type': 'text/plain',
    'content-length': bytes.length,
    'cache-control': 'no-store',
  });
  response.end(bytes);
}
