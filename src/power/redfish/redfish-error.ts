import {
  CommandFailedError,
  ConflictError,
  type ImprintError,
  InvalidInputError,
  NotFoundError,
  OutcomeUnknownError,
  UnauthorizedError,
  UnavailableError,
  UnsupportedError,
} from '../../domain/errors.ts';
import type { HttpAnswer, HttpRequest } from './exchange.ts';

type ErrorClass = new (...text: ConstructorParameters<typeof ImprintError>) => ImprintError;

/** What a status means, of a question and of what changes something. */
const byStatus: Readonly<Record<number, ErrorClass>> = {
  400: InvalidInputError,
  401: UnauthorizedError,
  403: UnauthorizedError,
  404: NotFoundError,
  405: UnsupportedError,
  409: ConflictError,
  // Another has changed it since it was read.
  412: ConflictError,
  429: UnavailableError,
  501: UnsupportedError,
  503: UnavailableError,
};

/** Controllers answer 400 to what they do not know and to what is so already; the standard's messages (Base registry) tell. */
const byMessage: readonly (readonly [RegExp, ErrorClass])[] = [
  [/already (powered )?(on|off)|ActionParameterValueConflict|ResourceInUse|NoOperation/i, ConflictError],
  [
    /NotSupported|NotInList|ActionParameterUnknown|PropertyUnknown|ValueFormatError|PropertyValueTypeError/i,
    UnsupportedError,
  ],
  [/InsufficientPrivilege|NoValidSession/i, UnauthorizedError],
];

/** The error of an answer that is none of 2xx: by its messages where it has some that are known, by its status otherwise. */
export function redfishError(request: HttpRequest, { status, body }: HttpAnswer): ImprintError {
  const what = `${request.method} ${request.url.href} was answered with ${String(status)}`;
  const options = { cause: new Error(body.slice(0, 1_024)), evidence: { status, body: body.slice(0, 4_096) } };
  return new (classOf(request, status, body))(what, options);
}

function classOf({ method }: HttpRequest, status: number, body: string): ErrorClass {
  if (status === 400) return byMessage.find(([pattern]) => pattern.test(body))?.[1] ?? InvalidInputError;
  const known = byStatus[status];
  if (known !== undefined) return known;
  if (status < 500) return CommandFailedError;
  // A controller that failed may have done it before.
  return method === 'GET' ? UnavailableError : OutcomeUnknownError;
}
