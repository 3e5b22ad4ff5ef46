import {
  CapacityError,
  CommandFailedError,
  ConflictError,
  type ImprintError,
  NotFoundError,
  OutcomeUnknownError,
  UnauthorizedError,
  UnavailableError,
} from '../domain/errors.ts';
import type { CommandResult, Shell } from './shell.ts';

/** What virsh's known messages (libvirt 9.0, LC_ALL=C) mean; the first that matches decides. */
const knownMessages: readonly (readonly [
  RegExp,
  new (...text: ConstructorParameters<typeof ImprintError>) => ImprintError,
])[] = [
  [/cannot acquire state change lock/, UnavailableError],
  // Somebody copies or merges the disk; libvirt refuses until that has ended.
  [/active block job|block copy still active/, UnavailableError],
  [/Failed to terminate process .*Device or resource busy/, OutcomeUnknownError],
  [/authentication (failed|unavailable)|access denied/i, UnauthorizedError],
  // The daemon is there, but this account may not speak to it.
  [/Failed to connect socket to .*: Permission denied/, UnauthorizedError],
  // Nothing was sent yet, whatever follows this line.
  [/failed to connect to the hypervisor/, UnavailableError],
  // The connection broke after the request was sent: whether libvirt acted on it is not known.
  [/Cannot recv data|End of file while reading data|client socket is closed/, OutcomeUnknownError],
  [/^error: failed to get domain '.*'$|Domain not found/, NotFoundError],
  [/Cannot allocate memory|cannot set up guest memory|No space left on device/, CapacityError],
  [/Could not set up host forwarding rule|Address already in use/, ConflictError],
  [/Permission denied|Cannot access (storage|backing) file|already exists with uuid/, ConflictError],
];

/** A domain's state and the reason for it, in libvirt's own words: `shut off`, `destroyed`. */
export interface DomainState {
  readonly state: string;
  readonly reason: string;
  readonly raw: string;
}

/** Domains of one libvirt daemon. A domain that is not defined is `undefined` for what reads, and success for what ends or removes. */
export interface Virsh {
  state(domain: string, signal: AbortSignal): Promise<DomainState | undefined>;
  /** Names of all domains, running or not. */
  list(signal: AbortSignal): Promise<readonly string[]>;
  /** The persistent definition as XML, without secrets. */
  definition(domain: string, signal: AbortSignal): Promise<string | undefined>;
  /** Whether a saved memory image waits to be resumed at the next start. */
  hasManagedSave(domain: string, signal: AbortSignal): Promise<boolean>;
  /** Defines the domain of an XML file on the host. The same name with another UUID: ConflictError. */
  define(path: string, signal: AbortSignal): Promise<void>;
  /** Running already: success. */
  start(domain: string, signal: AbortSignal): Promise<void>;
  resume(domain: string, signal: AbortSignal): Promise<void>;
  wake(domain: string, signal: AbortSignal): Promise<void>;
  /** Presses the power button (ACPI), which needs nothing installed in the guest. Not running: success. */
  shutdown(domain: string, signal: AbortSignal): Promise<void>;
  /** Cuts the power. Not running: success. */
  destroy(domain: string, signal: AbortSignal): Promise<void>;
  reset(domain: string, signal: AbortSignal): Promise<void>;
  /** Removes the definition with saved memory, NVRAM and the records of snapshots; never a disk. */
  undefine(domain: string, signal: AbortSignal): Promise<void>;
}

/** Drives the daemon at `uri` with the virsh of `shell`'s host. Errors are of the classes in the table above. */
export function createVirsh(shell: Shell, uri: string): Virsh {
  const call = (args: readonly string[], signal: AbortSignal): Promise<CommandResult> =>
    shell.run('virsh', ['--quiet', '--connect', uri, ...args], {
      signal,
      // A daemon probes QEMU at its first call, which took 8 to 80 s on slow hosts; a start may wait for storage.
      timeoutMs: 300_000,
      allowedExitCodes: [0, 1],
    });
  const list = async (signal: AbortSignal): Promise<readonly string[]> => {
    const args = ['list', '--all', '--name'];
    const result = await call(args, signal);
    if (result.exitCode === 0) return result.stdout.split('\n').flatMap((name) => name.trim() || []);
    throw virshError(args, result);
  };
  /** Output of a command on a domain; undefined when libvirt's list says that there is none of that name. */
  const run = async (verb: DomainVerb, signal: AbortSignal, success?: RegExp): Promise<string | undefined> => {
    const [name, domain, ...options] = verb;
    const result = await call([name, domain, ...options], signal);
    if (result.exitCode === 0 || success?.test(result.stderr)) return result.stdout;
    const error = virshError(verb, result);
    // virsh prints the same line for a domain that is not there and for a lookup that failed.
    if (!(error instanceof NotFoundError)) throw error;
    if ((await list(signal)).includes(domain)) throw new UnavailableError(error.message, { evidence: error.evidence });
    return undefined;
  };
  const act = async (verb: DomainVerb, signal: AbortSignal, success?: RegExp): Promise<void> => {
    if ((await run(verb, signal, success)) === undefined)
      throw new NotFoundError(`virsh could not ${verb[0]} ${verb[1]}`);
  };
  return {
    list,
    async state(domain, signal) {
      const output = await run(['domstate', domain, '--reason'], signal);
      return output === undefined ? undefined : parseDomainState(output);
    },
    definition: (domain, signal) => run(['dumpxml', domain, '--inactive'], signal),
    async hasManagedSave(domain, signal) {
      return parseManagedSave((await run(['dominfo', domain], signal)) ?? '');
    },
    async define(path, signal) {
      const result = await call(['define', path], signal);
      if (result.exitCode !== 0) throw virshError(['define', path], result);
    },
    start: (domain, signal) => act(['start', domain], signal, /already (active|running)/),
    resume: (domain, signal) => act(['resume', domain], signal),
    wake: (domain, signal) => act(['dompmwakeup', domain], signal),
    async shutdown(domain, signal) {
      await run(['shutdown', domain, '--mode', 'acpi'], signal, notRunning);
    },
    async destroy(domain, signal) {
      await run(['destroy', domain], signal, notRunning);
    },
    reset: (domain, signal) => act(['reset', domain], signal),
    async undefine(domain, signal) {
      const records = ['--managed-save', '--snapshots-metadata', '--checkpoints-metadata', '--nvram'];
      await run(['undefine', domain, ...records], signal);
    },
  };
}

/** A command, the domain that it is about, and its options. */
type DomainVerb = readonly [string, string, ...string[]];

const notRunning = /domain is not running/;

/** Reads `virsh domstate --reason`: `shut off (shutdown)`. What cannot be read keeps its raw text and has the reason `unknown`. */
export function parseDomainState(output: string): DomainState {
  const raw = output.trim();
  const [, state = raw, reason = 'unknown'] = /^(.*?) \((.*)\)$/.exec(raw) ?? [];
  return { state, reason, raw };
}

/** Reads the line `Managed save: yes` of `virsh dominfo`. */
export function parseManagedSave(output: string): boolean {
  return /^Managed save:\s+yes$/m.test(output);
}

/** The error that virsh's messages mean: of the class in the table, CommandFailedError when no line is known. */
export function virshError(args: readonly string[], result: CommandResult): ImprintError {
  const messages = result.stderr.trim();
  const [, Known = CommandFailedError] = knownMessages.find(([pattern]) => pattern.test(messages)) ?? [];
  return new Known(`virsh could not ${args.slice(0, 2).join(' ')}`, {
    cause: new Error(
      messages
        .replaceAll(/^error: /gm, '')
        .replaceAll('\n', '; ')
        .slice(-1024),
    ),
    evidence: { command: result.command, exitCode: result.exitCode, stderr: messages.slice(-4096) },
  });
}
