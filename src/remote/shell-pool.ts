import type { Launch } from './launch.ts';
import { createLocalShell } from './local-shell.ts';
import type { Shell } from './shell.ts';
import { createSshShell, type ClosableShell } from './ssh-shell.ts';
import { describeTarget, type SshTarget } from './ssh-target.ts';

/** The shells of one worker: one for its own host, and one connection for each account on each machine. */
export interface ShellPool {
  readonly local: Shell;
  /**
   * The shell of this account: the same one as long as its host keys are the same. Other host keys mean that another system runs on
   * the machine: the shell to the old one is closed, and a new one is made.
   */
  ssh(target: SshTarget): Shell;
  /** Closes every connection. */
  closeAll(): Promise<void>;
}

/** `launch`: who starts the commands on its own host; default: this process. */
export function createShellPool(launch?: Launch): ShellPool {
  const shells = new Map<string, { readonly hostKeys: string; readonly shell: ClosableShell }>();
  return {
    local: createLocalShell(launch === undefined ? {} : { launch }),
    ssh(target) {
      const account = describeTarget(target);
      const hostKeys = [...target.hostKeys].sort().join('\n');
      const kept = shells.get(account);
      if (kept?.hostKeys === hostKeys) return kept.shell;
      void kept?.shell.close();
      const shell = createSshShell(target);
      shells.set(account, { hostKeys, shell });
      return shell;
    },
    async closeAll() {
      const open = [...shells.values()];
      shells.clear();
      await Promise.all(open.map(({ shell }) => shell.close()));
    },
  };
}
