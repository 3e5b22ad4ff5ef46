/** Base of every error that Imprint raises on purpose. `message` says what was being done and to which thing; `cause` keeps why. */
export abstract class ImprintError extends Error {
  /** Whether doing the same again, later, can succeed without anybody changing anything. */
  abstract readonly retryable: boolean;
  /** Facts for the operator (exit status, last output, what was observed); small, and free of secrets. */
  readonly evidence: Readonly<Record<string, unknown>>;

  constructor(message: string, options: { cause?: unknown; evidence?: Readonly<Record<string, unknown>> } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.evidence = options.evidence ?? {};
  }
}

/** Thrown when a request or a setting is malformed. Found before anything is touched. */
export class InvalidInputError extends ImprintError {
  readonly retryable = false;
}

/** Thrown when a node, image, revision, domain or file does not exist. */
export class NotFoundError extends ImprintError {
  readonly retryable = false;
}

/** Thrown when a thing exists, but its state or its owner forbids what was asked. */
export class ConflictError extends ImprintError {
  readonly retryable = false;
}

/** Thrown when a provisioner or an OS module lacks the capability that was asked of it. */
export class UnsupportedError extends ImprintError {
  readonly retryable = false;
}

/** Thrown when credentials are refused, or when a host key is not the expected one. Never tried again by itself. */
export class UnauthorizedError extends ImprintError {
  readonly retryable = false;
}

/** Thrown when there is not enough space, memory or another exhaustible thing. */
export class CapacityError extends ImprintError {
  readonly retryable = false;
}

/** Thrown when bytes, a seal or a proof are not what they must be. */
export class IntegrityError extends ImprintError {
  readonly retryable = false;
}

/** Thrown when a state was waited for and did not come in time. */
export class DeadlineError extends ImprintError {
  readonly retryable = false;
}

/** Thrown when the other side cannot be reached or is busy; nothing was begun. */
export class UnavailableError extends ImprintError {
  readonly retryable = true;
}

/** Thrown when a state is asked for too early; the asker comes again after a fixed interval. */
export class NotReadyError extends ImprintError {
  readonly retryable = true;
}

/** Thrown when others come first. Whoever asks again after `againAfterMs` has not failed. */
export class QueuedError extends ImprintError {
  readonly retryable = true;
  readonly againAfterMs: number;

  constructor(
    message: string,
    options: { readonly againAfterMs: number; readonly evidence?: Readonly<Record<string, unknown>> },
  ) {
    super(message, options);
    this.againAfterMs = options.againAfterMs;
  }
}

/** Thrown when an action was sent and its answer was lost. The next attempt reads the state before it acts again. */
export class OutcomeUnknownError extends ImprintError {
  readonly retryable = true;
}

/** Thrown when a command ran and said no, and the caller knows no better. */
export class CommandFailedError extends ImprintError {
  readonly retryable = true;
}

/** The messages of an error and of all its causes, outermost first, joined by `: `. For logs and for the command line. */
export function errorChain(error: unknown): string {
  const messages: string[] = [];
  for (let current: unknown = error; current !== undefined && current !== null;) {
    const message = current instanceof Error ? current.message : describe(current);
    if (message !== '' && messages.at(-1) !== message) messages.push(message);
    current = current instanceof Error ? current.cause : undefined;
  }
  return messages.join(': ');
}

function describe(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
