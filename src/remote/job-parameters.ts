import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import { InvalidInputError } from '../domain/errors.ts';
import type { Fence } from '../domain/fence.ts';
import { JOB_RUNNER } from './job-script.ts';
import type { JobSpec } from './job.ts';
import { quoteCommand } from './quote.ts';

/** Parameters of the script that starts a job. */
export function ensureParameters(spec: JobSpec): readonly string[] {
  const { id, file, args } = spec;
  if (hasControlCharacter(id))
    throw new InvalidInputError(`job: an id without control characters; got ${JSON.stringify(id)}`);
  // JSON keeps every argument apart and has no newline, so the host can compare it as one line.
  const identity = JSON.stringify({ id, file, args });
  const command = `set -- ${quoteCommand(file, args)}`;
  return [...fenceParameters(spec.directory, spec.fence), id, identity, command, JOB_RUNNER];
}

/** Parameters of every script that changes something: directory, owner, epoch, systemd unit. */
export function fenceParameters(directory: string, { owner, epoch }: Fence): readonly string[] {
  if (owner === '' || hasControlCharacter(owner)) {
    throw new InvalidInputError(`job: an owner without control characters; got ${JSON.stringify(owner)}`);
  }
  if (!Number.isSafeInteger(epoch) || epoch < 0) {
    throw new InvalidInputError(`job: a whole number from 0 as epoch; got ${String(epoch)}`);
  }
  return [checkedDirectory(directory), owner, String(epoch), unitOf(directory)];
}

/** The directory, when it is one way to write an absolute path below the root: processes are found by comparing it. */
export function checkedDirectory(directory: string): string {
  const isPlain = posix.isAbsolute(directory) && posix.normalize(directory) === directory && !directory.endsWith('/');
  if (isPlain && !hasControlCharacter(directory)) return directory;
  throw new InvalidInputError(`job: a normalized absolute path as directory; got ${JSON.stringify(directory)}`);
}

/** The name of the job's transient unit: unit names may hold neither every character of a path nor its length. */
function unitOf(directory: string): string {
  return `imprint-job-${createHash('sha256').update(directory).digest('hex').slice(0, 24)}.service`;
}

function hasControlCharacter(text: string): boolean {
  return /\p{Cc}/u.test(text);
}
