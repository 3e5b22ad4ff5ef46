import type { Command, Execution } from './execution.ts';
import { stoppedBefore } from './limits.ts';
import { createShellOver } from './shell-over.ts';
import type { Shell } from './shell.ts';
import { createSlots } from './slots.ts';
import { executeOnChannel } from './ssh-channel.ts';
import { createSshConnection } from './ssh-connection.ts';
import { describeTarget, type SshTarget } from './ssh-target.ts';

/** Commands at once on one connection. OpenSSH grants ten sessions to each by default (sshd_config, MaxSessions). */
const CHANNELS_AT_ONCE = 8;

export interface ClosableShell extends Shell {
  /** Closes the connection for good: running commands end in OutcomeUnknownError, later ones in UnavailableError. */
  close(): Promise<void>;
}

/**
 * A shell over SSH. It connects on first use, keeps one connection for all commands (eight at once, more wait for their turn within
 * their time limit), and opens another only when that one was lost. The account's login shell must be a POSIX shell. A command that
 * was given up may live on over there: the next attempt looks before it acts.
 */
export function createSshShell(target: SshTarget): ClosableShell {
  const host = describeTarget(target);
  const connection = createSshConnection(target);
  const slots = createSlots(CHANNELS_AT_ONCE);

  const execute = async (command: Command, signal: AbortSignal): Promise<Execution> => {
    const seen = { begun: false, notBegun: false };
    const attempt = (): Promise<Execution> =>
      slots.use(signal, () =>
        connection.use(signal, (ssh, retire) => {
          seen.begun = true;
          const onNotBegun = (): void => {
            seen.notBegun = true;
            retire();
          };
          return executeOnChannel(ssh, { host, command, signal, onNotBegun });
        }),
      );
    try {
      // The connection died a moment ago, or commands that were given up hold all its sessions until they end: another has its own.
      return await attempt().catch((error: unknown) => {
        if (!seen.notBegun) throw error;
        return attempt();
      });
    } catch (error) {
      throw signal.aborted && !seen.begun ? stoppedBefore(signal, `${command.text} on ${host}`) : error;
    }
  };
  return { ...createShellOver(host, execute), close: () => connection.close() };
}
