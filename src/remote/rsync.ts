import {
  CommandFailedError,
  NotFoundError,
  UnauthorizedError,
  UnavailableError,
  UnsupportedError,
  type ImprintError,
} from '../domain/errors.ts';

/** Where the files lie that are fetched, and how to get there. */
export interface FetchSource {
  /** For messages: `library mn-b`. */
  readonly name: string;
  /** Absolute path of the directory. */
  readonly directory: string;
  /** Absent where the host that fetches sees the directory itself. */
  readonly ssh?: FetchLogin;
}

export interface FetchLogin {
  readonly address: string;
  readonly port: number;
  readonly user: string;
  readonly hostKeys: readonly string[];
}

/** By this name the connection's own configuration knows the host, and its host keys. */
const alias = 'source';

/** What rsync is given as the place of a file. */
export function fetchedFile({ directory, ssh }: FetchSource, file: string): string {
  const path = `${directory}/${file}`;
  return ssh === undefined ? path : `${alias}:${path}`;
}

/** Nothing of the account's own configuration counts; a connection that has fallen silent ends after a minute. */
export function sshConfig({ address, port, user }: FetchLogin): string {
  return `Host ${alias}
  HostName ${address}
  HostKeyAlias ${alias}
  Port ${String(port)}
  User ${user}
  IdentitiesOnly yes
  BatchMode yes
  StrictHostKeyChecking yes
  UserKnownHostsFile known_hosts
  GlobalKnownHostsFile /dev/null
  ConnectTimeout 15
  ServerAliveInterval 15
  ServerAliveCountMax 4
  Compression no
`;
}

/** Lines of known_hosts. */
export function knownHosts({ hostKeys }: FetchLogin): string {
  return hostKeys.map((key) => `${alias} ${key}\n`).join('');
}

/**
 * Fetches file `$2` to `$3`, from within the directory `$1` that has the connection's settings. What is there already is the beginning of it: only
 * what follows is sent, and the whole compared at the end. Meanwhile the size is printed, as progress.
 */
export const FETCH_JOB = `
set -eu
cd -- "$1"
follow() {
  while sleep 1; do stat -c %s -- "$1" 2>/dev/null || :; done
}
follow "$3" &
following=$!
code=0
rsync --append-verify --no-compress --timeout=90 --rsh='ssh -F config -i key' -- "$2" "$3" || code=$?
kill "$following" 2>/dev/null || :
exit "$code"
`;

/** What an exit status of rsync 3.2 with OpenSSH means, and what it has said. */
export function fetchError(what: string, exitCode: number, said: string): ImprintError {
  const evidence = { exitCode, said };
  const Failure = failureOf(exitCode, said);
  const line = said.trim().split('\n').at(0) ?? '';
  return new Failure(`${what}: ${line === '' ? `rsync ended with status ${String(exitCode)}` : line}`, { evidence });
}

/** 127: no such command. 23: some files were not there, or could not be read. 5, 10, 12, 30, 35 and 255: the connection, or its other side. */
function failureOf(
  exitCode: number,
  said: string,
): new (...text: ConstructorParameters<typeof ImprintError>) => ImprintError {
  if (/Host key verification failed|REMOTE HOST IDENTIFICATION|Permission denied \(/.test(said))
    return UnauthorizedError;
  if (exitCode === 127 || /rsync: (command )?not found/.test(said)) return UnsupportedError;
  if (exitCode === 23 && /No such file or directory/.test(said)) return NotFoundError;
  return [5, 10, 12, 30, 35, 255].includes(exitCode) ? UnavailableError : CommandFailedError;
}
