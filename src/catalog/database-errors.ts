import {
  CapacityError,
  ConflictError,
  ImprintError,
  InvalidInputError,
  NotFoundError,
  OutcomeUnknownError,
  UnauthorizedError,
  UnavailableError,
} from '../domain/errors.ts';

type DomainError = new (
  message: string,
  options: { cause: unknown; evidence: Record<string, unknown> },
) => ImprintError;

/**
 * What PostgreSQL's SQLSTATEs, and the codes of a connection that failed, mean here; the longest key that the code begins with counts.
 * https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const meanings: Readonly<Record<string, DomainError>> = {
  '08': UnavailableError, // connection exceptions
  '22': InvalidInputError, // data exceptions
  '23502': InvalidInputError, // not null
  '23503': NotFoundError, // foreign key: nothing here deletes what is referred to, so it is the other row that is missing
  '23505': ConflictError, // unique
  '23514': InvalidInputError, // check
  '28': UnauthorizedError,
  '3D000': NotFoundError, // no such database
  '40001': UnavailableError, // serialization failure
  '40P01': UnavailableError, // deadlock
  '53': UnavailableError, // insufficient resources: too many connections, out of memory
  '53100': CapacityError, // disk full
  '55P03': UnavailableError, // lock not available
  '57014': UnavailableError, // cancelled by the statement's time limit
  '57P': UnavailableError, // shutting down, crashed, starting up
  ECONNREFUSED: UnavailableError,
  ECONNRESET: UnavailableError,
  EPIPE: UnavailableError,
  ETIMEDOUT: UnavailableError,
  EHOSTUNREACH: UnavailableError,
  ENETUNREACH: UnavailableError,
  ENOTFOUND: UnavailableError,
  EAI_AGAIN: UnavailableError,
  ENOENT: UnavailableError, // the Unix socket is not there
};

/** Texts of node-postgres for a lost or silent connection; these errors carry no code. */
const LOST =
  /^(Connection terminated|timeout exceeded when trying to connect|Query read timeout|Client has encountered a connection error)/;

/** Codes after which it is not known whether a statement that had been sent was carried out. */
const UNKNOWN_AFTER_SEND = /^(08|57P|E[A-Z]+$)/;

/** How far the work had come: `sent` once something was on its way that commits by itself, or the commit. */
export type Progressed = 'nothing sent' | 'sent';

/**
 * The domain error for what a statement failed with; `what` continues `could not …`. Domain errors, and errors that only a mistake in
 * the program explains, come back as they are.
 */
export function toCatalogError(error: unknown, what: string, progressed: Progressed): unknown {
  if (error instanceof ImprintError) return error;
  const code = codeOf(error);
  const details = { cause: error, evidence: evidenceOf(error) };
  const isLost = isLostConnection(error);
  if (progressed === 'sent' && (isLost || UNKNOWN_AFTER_SEND.test(code))) {
    return new OutcomeUnknownError(`lost the database while it was to ${what}`, details);
  }
  const meaning = isLost ? UnavailableError : meaningOf(code);
  return meaning === undefined ? error : new meaning(`could not ${what}`, details);
}

/** Whether the connection can no longer be used after this error. */
export function isLostConnection(error: unknown): boolean {
  return error instanceof Error && LOST.test(error.message);
}

function meaningOf(code: string): DomainError | undefined {
  const keys = Object.keys(meanings).filter((key) => code.startsWith(key));
  const longest = keys.sort((a, b) => b.length - a.length)[0];
  return longest === undefined ? undefined : meanings[longest];
}

function codeOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return codeOf(error.errors[0]);
  const code: unknown = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : '';
}

function evidenceOf(error: unknown): Record<string, unknown> {
  const code = codeOf(error);
  const facts = error as { constraint?: unknown; detail?: unknown };
  return {
    ...(code === '' ? {} : { code }),
    ...(typeof facts.constraint === 'string' ? { constraint: facts.constraint } : {}),
    ...(typeof facts.detail === 'string' ? { detail: facts.detail } : {}),
  };
}
