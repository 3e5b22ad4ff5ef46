import {
  CapacityError,
  CommandFailedError,
  ConflictError,
  type ImprintError,
  InvalidInputError,
  NotFoundError,
  OutcomeUnknownError,
  UnauthorizedError,
  UnavailableError,
} from '../../domain/errors.ts';
import type { CommandResult } from '../shell.ts';

/** A command of a client about one node. `acts`: what was lost of its answer may have been done. */
export interface XcatCommand {
  readonly verb: string;
  readonly node: string;
  readonly manner: 'reads' | 'acts';
}

type ErrorClass = new (...text: ConstructorParameters<typeof ImprintError>) => ImprintError;

/** What xCAT 2.19 prints (LC_ALL=C), and what it means; the first that matches decides. `lost`: see `XcatCommand.manner`. */
const knownMessages: readonly (readonly [RegExp, ErrorClass | 'lost'])[] = [
  // Written by our own script: nothing was begun.
  [/^imprint: the lock of .* stayed busy$/m, UnavailableError],
  [/^imprint: xcatd still works: /m, UnavailableError],
  [/^imprint: a later attempt or run has taken over$/m, ConflictError],
  [/Permission denied for request|client certificates .* are not setup correctly/, UnauthorizedError],
  [/Incorrect password|Invalid username or password|Unauthorized name|Insufficient privilege/i, UnauthorizedError],
  // The first line comes on the standard output, before the client dies with 111 or 22.
  [/Unable to open socket connection to xcatd|^Connection failure: /m, UnavailableError],
  [/communication with the xCAT server seems to have been ended prematurely/, 'lost'],
  [/state did not change to|Sent power-o\w+ command but/, 'lost'],
  // Sessions of a BMC and its start: it comes back by itself.
  [
    /Insufficient resources|Node busy|initiali[sz]ation in progress|50[34] (Service|Gateway)|BMC did not respond/i,
    UnavailableError,
  ],
  [/timeout/i, 'lost'],
  [/Invalid nodes and\/or groups in noderange|invalid node, group, or range/, NotFoundError],
  [/Could not find an object named|Cannot find (the OS image )?\S+ (in|from) the osimage table/, NotFoundError],
  [/Could not resolve \S+ to an address|Unable to identify plugin/, InvalidInputError],
  [
    /Unsupported command|Invalid or unsupported command|Unknown state|have been deprecated|Please enter an action/,
    InvalidInputError,
  ],
  // ClusterShell has a program of the same name.
  [/nodeset: error: No command specified|: ENOENT$/m, InvalidInputError],
  [/dhcp server is not running|DHCP backend .* is not available/, UnavailableError],
  [/Did you run "genimage"|doesn't match the node's attribute|systemimager\S* is not installed/, ConflictError],
  [/No space left on device|Disk quota exceeded/, CapacityError],
];

/** `timeout` of coreutils: the limit passed; 137 when the client had to be killed. */
const LIMIT_PASSED = [124, 137];

/**
 * The error that a client's answer means. CommandFailedError for texts that nobody has sorted yet, and for an answer that says nothing of the node;
 * where our own limit ended the client, what it asked for may still be done by the server.
 */
export function xcatFailure(command: XcatCommand, result: Omit<CommandResult, 'durationMs'>): ImprintError {
  const said = `${result.stdout}\n${result.stderr}`.trim();
  const Failure = classOf(command, result.exitCode, said);
  return new Failure(`xCAT could not ${command.verb} ${command.node}`, {
    cause: new Error(reasonOf(result.exitCode, said)),
    evidence: {
      command: result.command,
      exitCode: result.exitCode,
      stdout: result.stdout.slice(-2048),
      stderr: result.stderr.slice(-2048),
    },
  });
}

function classOf({ manner }: XcatCommand, exitCode: number, said: string): ErrorClass {
  const lost = manner === 'acts' ? OutcomeUnknownError : UnavailableError;
  const known = LIMIT_PASSED.includes(exitCode) ? 'lost' : knownMessages.find(([pattern]) => pattern.test(said))?.[1];
  // A client that was asked to end exits with 0 and says nothing: that is no success, and nobody knows what became of it.
  if (known === undefined) return exitCode === 0 && said === '' ? lost : CommandFailedError;
  return known === 'lost' ? lost : known;
}

function reasonOf(exitCode: number, said: string): string {
  if (LIMIT_PASSED.includes(exitCode))
    return `its time limit passed; ${said === '' ? 'it had printed nothing' : said.slice(-900)}`;
  if (said === '') return `it ended with status ${String(exitCode)} and printed nothing`;
  return said.replaceAll('\n', '; ').slice(-1024);
}
