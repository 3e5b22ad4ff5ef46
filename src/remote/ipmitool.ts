import {
  CommandFailedError,
  ConflictError,
  ImprintError,
  InvalidInputError,
  OutcomeUnknownError,
  UnauthorizedError,
  UnavailableError,
  UnsupportedError,
} from '../domain/errors.ts';
import type { CommandResult, Shell } from './shell.ts';

type ErrorClass = new (...text: ConstructorParameters<typeof ImprintError>) => ImprintError;

/**
 * What ipmitool's known messages (1.8.19, with -v) mean; the first that matches decides. Without -v a wrong password and an address at which nobody
 * answers print the same line.
 */
const knownMessages: readonly (readonly [RegExp, ErrorClass, string])[] = [
  [/RAKP 2 HMAC is invalid|HMAC.*(invalid|mismatch)/, UnauthorizedError, 'the password is wrong'],
  [
    /unauthorized name|Invalid user name/,
    UnauthorizedError,
    'the user is not known, or may not log in with this privilege',
  ],
  [/unauthorized role|Invalid role|privilege level.*cannot/i, UnauthorizedError, 'the user has not this privilege'],
  [/Authentication type .* not supported/, UnauthorizedError, 'no way to log in is shared'],
  [/Insufficient privilege level/, UnauthorizedError, 'the user may not do this'],
  [/Address lookup for .* failed/, UnavailableError, 'its name is not known'],
  [
    /invalid (authentication|integrity|confidentiality) algorithm|[Nn]o matching cipher suite|Unsupported cipher suite/,
    InvalidInputError,
    'it does not know the cipher suite: set cipherSuite',
  ],
  [
    /Unable to read password|password is longer than/,
    InvalidInputError,
    'the password cannot be used: IPMI allows 20 characters',
  ],
  [/insufficient resources for session/i, UnavailableError, 'it has no room for another session'],
  [
    /Get Auth Capabilities error|Error issuing Get Channel Authentication Capabilities/,
    UnavailableError,
    'nothing answers there',
  ],
  [
    /no response from (open session request|RAKP \d)/i,
    UnavailableError,
    'it fell silent during the login, as some do at a wrong user or password',
  ],
  [/Node busy|Out of space|[Ii]nitialization in progress|BMC busy/, UnavailableError, 'it is busy'],
  [/Command not supported in present state/, ConflictError, 'it cannot do this in its present state'],
  [
    /Invalid data field in request|Invalid command|Command illegal|Parameter (out of range|not supported)/,
    UnsupportedError,
    'it does not know this',
  ],
  [
    /failed: (Timeout|Unspecified error)|No data available|Close Session command failed|Unable to send/,
    OutcomeUnknownError,
    'it gave no clear answer',
  ],
  [
    /Unable to establish (IPMI v2 \/ RMCP\+|LAN) session/,
    UnavailableError,
    'no session: nothing answers, or user and password are refused',
  ],
];

/** What -v prints of a login that goes well. Some of it looks like the errors below. */
const noise =
  /^(Loading IANA PEN Registry|Running Get VSO Capabilities|Invalid completion code received|Get HPM\.x Capabilities|Discovered IPMB|Unable to Get Channel Cipher)/;

/** A management controller that speaks IPMI 2.0 over LAN. */
export interface IpmiTarget {
  readonly address: string;
  readonly port: number;
  readonly user: string;
  /** Asked for at each command. */
  password(): Promise<string>;
  /** Default: what ipmitool agrees on with the controller. */
  readonly cipherSuite?: number;
  readonly privilege: 'OPERATOR' | 'ADMINISTRATOR';
}

export type ChassisControl = 'on' | 'off' | 'cycle' | 'reset' | 'soft';

/** The boot flags (IPMI 2.0, table 28-14, parameter 5). */
export interface BootFlags {
  /** Bits 5 to 2 of byte 2: 0 no override, 1 network, 2 disk … */
  readonly device: number;
  readonly persistent: boolean;
  readonly raw: string;
}

/** One command each, to one controller. Nothing is confirmed and nothing is sent twice. Errors are of the classes in the table above. */
export interface Ipmitool {
  /** `undefined` where the answer could not be read. */
  powerStatus(signal: AbortSignal): Promise<{ readonly on: boolean | undefined; readonly raw: string }>;
  /** Returns once the controller accepted it. */
  control(action: ChassisControl, signal: AbortSignal): Promise<void>;
  bootFlags(signal: AbortSignal): Promise<BootFlags>;
  /**
   * Has the controller keep boot flags that are not followed by a chassis command within 60 s, which it clears otherwise (IPMI 2.0, table 28-14, parameter 3,
   * bit 3). A controller that refuses it is as it was.
   */
  keepBootFlags(signal: AbortSignal): Promise<void>;
  /** `options` as `ipmitool chassis bootdev` names them: `persistent`, `efiboot`. */
  setBootDevice(device: 'pxe' | 'disk', options: readonly string[], signal: AbortSignal): Promise<void>;
}

/** Seconds between two packets, and how often one is sent. What acts is sent once: a controller may do it twice. */
const patience = { reading: ['-N', '2', '-R', '1'], acting: ['-N', '5', '-R', '1'] } as const;

/** A command has a handful of packets, and each has its own limit. */
const LIMIT_MS = 60_000;

/** Speaks to `target` with the ipmitool of `shell`'s host. The password goes through the environment, never through arguments. */
export function createIpmitool(shell: Shell, target: IpmiTarget): Ipmitool {
  const call = async (verb: readonly string[], kind: keyof typeof patience, signal: AbortSignal): Promise<string> => {
    const env = { IPMI_PASSWORD: await target.password() };
    const args = [...connectArguments(target), ...patience[kind], ...verb];
    const result = await shell.run('ipmitool', args, { signal, timeoutMs: LIMIT_MS, env, allowedExitCodes: [0, 1] });
    // A valid answer may follow warnings.
    if (result.exitCode === 0) return result.stdout;
    throw ipmitoolError(`${verb.join(' ')} at ${target.address}:${String(target.port)}`, result);
  };
  return {
    async powerStatus(signal) {
      return parsePowerStatus(await call(['chassis', 'power', 'status'], 'reading', signal));
    },
    async control(action, signal) {
      await call(['chassis', 'power', action], 'acting', signal);
    },
    async bootFlags(signal) {
      return parseBootFlags(await call(['chassis', 'bootparam', 'get', '5'], 'reading', signal));
    },
    async keepBootFlags(signal) {
      try {
        await call(['raw', '0x00', '0x08', '0x03', '0x08'], 'acting', signal);
      } catch (error) {
        signal.throwIfAborted();
        // Whatever else is wrong, the command that follows says.
        if (!(error instanceof ImprintError) || error instanceof UnauthorizedError) throw error;
      }
    },
    async setBootDevice(device, options, signal) {
      const list = options.length === 0 ? [] : [`options=${options.join(',')}`];
      await call(['chassis', 'bootdev', device, ...list], 'acting', signal);
    },
  };
}

function connectArguments({ address, port, user, cipherSuite, privilege }: IpmiTarget): readonly string[] {
  const suite = cipherSuite === undefined ? [] : ['-C', String(cipherSuite)];
  return ['-v', '-I', 'lanplus', '-H', address, '-p', String(port), '-U', user, '-E', '-L', privilege, ...suite];
}

/** Reads `Chassis Power is on`. */
export function parsePowerStatus(output: string): { readonly on: boolean | undefined; readonly raw: string } {
  const raw = output.trim();
  const word = /^Chassis Power is (on|off)$/m.exec(raw)?.[1];
  return { on: word === undefined ? undefined : word === 'on', raw };
}

/** Reads the bytes of `chassis bootparam get 5`: `Boot parameter data: 8004000000`. Throws CommandFailedError when there are none. */
export function parseBootFlags(output: string): BootFlags {
  const data = /^\s*Boot parameter data: ([0-9a-f]{4,})$/m.exec(output)?.[1];
  if (data === undefined) {
    throw new CommandFailedError('ipmitool printed no boot flags', { evidence: { stdout: output.slice(-1024) } });
  }
  const [first = 0, second = 0] = Buffer.from(data, 'hex');
  const selector = /Boot Device Selector : (.*)$/m.exec(output)?.[1];
  return {
    device: (second >> 2) & 0b1111,
    persistent: (first & 0x40) !== 0,
    raw: `${data}${selector === undefined ? '' : ` (${selector.trim()})`}`,
  };
}

/** The error that ipmitool's messages mean: of the class in the table, CommandFailedError when no line is known. */
export function ipmitoolError(what: string, result: CommandResult): ImprintError {
  const messages = result.stderr
    .split('\n')
    .filter((line) => line.trim() !== '' && !noise.test(line))
    .join('; ');
  const [, Known = CommandFailedError, meaning = 'it said no'] =
    knownMessages.find(([pattern]) => pattern.test(messages)) ?? [];
  return new Known(`ipmitool could not ${what}: ${meaning}`, {
    cause: new Error(messages.slice(-1024)),
    evidence: { command: result.command, exitCode: result.exitCode, stderr: result.stderr.trim().slice(-4096) },
  });
}
