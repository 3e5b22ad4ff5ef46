import { z } from 'zod';
import { CommandFailedError, UnauthorizedError } from '../../domain/errors.ts';
import type { Trust } from './connect-verified.ts';
import { exchange, type HttpAnswer, type HttpRequest } from './exchange.ts';
import { redfishError } from './redfish-error.ts';

/** A controller that speaks Redfish. */
export interface RedfishTarget extends Trust {
  /** `https://192.0.2.8`, without a path. */
  readonly url: string;
  readonly user: string;
  /** Asked for at each command. */
  password(): Promise<string>;
  readonly authentication: 'basic' | 'session';
}

export interface RedfishResource {
  /** Undefined where the body is empty: some controllers send none for a moment after a change of power. */
  readonly content: unknown;
  readonly etag?: string;
}

/** Requests to one controller, logged in. An answer that is none of 2xx is thrown as `redfishError` says. */
export interface RedfishSession {
  get(path: string): Promise<RedfishResource>;
  post(path: string, content: unknown): Promise<void>;
  /** With the ETag that was read, where the controller gives one: it refuses when somebody else was quicker. */
  patch(path: string, content: unknown, etag: string | undefined): Promise<void>;
}

const SESSIONS = '/redfish/v1/SessionService/Sessions';

/** Controllers redirect to a path with or without a slash at its end; a POST stays a POST. */
const redirects: readonly number[] = [301, 302, 307, 308];
const MOST_REDIRECTS = 3;

/** Logs in, does `work` and logs out again. Basic authentication sends the credentials with each request instead. */
export async function withRedfish<T>(
  target: RedfishTarget,
  signal: AbortSignal,
  work: (session: RedfishSession) => Promise<T>,
): Promise<T> {
  const password = await target.password();
  if (target.authentication === 'basic') {
    const credentials = Buffer.from(`${target.user}:${password}`).toString('base64');
    return await work(sessionWith(target, { Authorization: `Basic ${credentials}` }, signal));
  }
  const login = { UserName: target.user, Password: password };
  const answer = await send(target, { method: 'POST', path: SESSIONS, content: login, headers: {} }, signal);
  const token = answer.headers['x-auth-token'];
  if (token === undefined) throw new CommandFailedError(`${target.url} opened a session and gave no X-Auth-Token`);
  const headers = { 'X-Auth-Token': token };
  try {
    return await work(sessionWith(target, headers, signal));
  } finally {
    await close(target, answer.headers['location'], headers);
  }
}

/** A session that stays is ended by the controller, which has few. Not bound to the caller's patience: it has its own limit. */
async function close(target: RedfishTarget, location: string | undefined, headers: Readonly<Record<string, string>>) {
  if (location === undefined) return;
  const path = new URL(location, target.url).pathname;
  await send(target, { method: 'DELETE', path, headers }, AbortSignal.timeout(10_000)).catch(() => undefined);
}

function sessionWith(
  target: RedfishTarget,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): RedfishSession {
  return {
    async get(path) {
      const answer = await send(target, { method: 'GET', path, headers }, signal);
      const etag = answer.headers['etag'];
      return { content: parseContent(answer.body, path), ...(etag === undefined ? {} : { etag }) };
    },
    async post(path, content) {
      await send(target, { method: 'POST', path, content, headers }, signal);
    },
    async patch(path, content, etag) {
      const match = etag === undefined ? {} : { 'If-Match': etag };
      await send(target, { method: 'PATCH', path, content, headers: { ...headers, ...match } }, signal);
    },
  };
}

interface Message {
  readonly method: HttpRequest['method'];
  readonly path: string;
  readonly content?: unknown;
  readonly headers: Readonly<Record<string, string>>;
}

async function send(target: RedfishTarget, message: Message, signal: AbortSignal): Promise<HttpAnswer> {
  const base = new URL(target.url);
  let url = new URL(message.path, base);
  for (let count = 0; ; count += 1) {
    // Credentials go to the controller of the settings and to nobody else, whatever it names.
    if (url.origin !== base.origin)
      throw new UnauthorizedError(`${target.url} names ${url.href}, which is another server: nothing is sent to it`);
    const request = toRequest(message, url);
    const answer = await exchange(request, target, signal);
    if (answer.status >= 200 && answer.status < 300) return answer;
    const next = redirects.includes(answer.status) ? answer.headers['location'] : undefined;
    if (next === undefined || count === MOST_REDIRECTS) throw redfishError(request, answer);
    url = new URL(next, url);
  }
}

function toRequest({ method, content, headers }: Message, url: URL): HttpRequest {
  const common = { Accept: 'application/json', 'OData-Version': '4.0', ...headers };
  if (content === undefined) return { method, url, headers: common };
  return { method, url, headers: { ...common, 'Content-Type': 'application/json' }, body: JSON.stringify(content) };
}

function parseContent(body: string, path: string): unknown {
  if (body.trim() === '') return undefined;
  const parsed = z
    .string()
    .transform((text) => JSON.parse(text) as unknown)
    .catch(undefined)
    .parse(body);
  if (parsed === undefined)
    throw new CommandFailedError(`${path} is no JSON`, { evidence: { body: body.slice(0, 1_024) } });
  return parsed;
}
