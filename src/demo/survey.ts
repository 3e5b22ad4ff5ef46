import type { Shell } from '../remote/shell.ts';
import { page, pagePath } from './administrator.ts';
import type { Proof } from './parts.ts';

/** What tells one machine from another. */
export interface Identity {
  readonly machineId: string;
  readonly hostKeys: readonly string[];
  readonly disk: string;
  readonly networkDriver: string;
}

/** Reads a node's identity over SSH. */
export async function identify(shell: Shell, hostKeys: readonly string[], signal: AbortSignal): Promise<Identity> {
  const options = { signal, timeoutMs: 60_000 };
  const line = async (file: string, args: readonly string[]) => (await shell.run(file, args, options)).stdout.trim();
  return {
    hostKeys,
    machineId: await line('cat', ['/etc/machine-id']),
    disk: await line('findmnt', ['--noheadings', '--output', 'SOURCE', '/']),
    networkDriver: await line('sh', [
      '-c',
      'for d in /sys/class/net/*/device/driver; do basename "$(readlink "$d")"; done | head -n 1',
    ]),
  };
}

/** What must have survived, and what must be gone. */
export async function survey(shell: Shell, signal: AbortSignal): Promise<readonly Proof[]> {
  const options = { signal, timeoutMs: 60_000 };
  const kept = Buffer.from(await shell.download(pagePath, options)).toString('utf8');
  const proofs: Proof[] = [{ what: `${pagePath} survived`, holds: kept === page, found: kept.trim() }];
  for (const path of ['/home/student', '/swapfile', '/tmp/left-over', '/var/tmp/left-over', '/root/.bash_history']) {
    proofs.push(await isGone(shell, path, options));
  }
  const fstab = Buffer.from(await shell.download('/etc/fstab', options)).toString('utf8');
  proofs.push({
    what: '/etc/fstab names no swap file',
    holds: !fstab.includes('/swapfile'),
    found: `${String(fstab.split('\n').length - 1)} lines`,
  });
  const user = await shell.run('getent', ['passwd', 'student'], { ...options, allowedExitCodes: [0, 2] });
  proofs.push({
    what: 'the user student was removed',
    holds: user.exitCode === 2,
    found: user.stdout.trim() || 'no such user',
  });
  return proofs;
}

/** What must differ between the machine that was captured and the one that was loaded. */
export function compare(captured: Identity, loaded: Identity): readonly Proof[] {
  const shared = captured.hostKeys.filter((key) => loaded.hostKeys.includes(key));
  return [
    {
      what: 'the SSH host keys differ',
      holds: shared.length === 0 && loaded.hostKeys.length > 0,
      found: `${String(loaded.hostKeys.length)} new keys, ${String(shared.length)} in common`,
    },
    differs('the machine-id differs', captured.machineId, loaded.machineId),
    differs('the disk hangs on another bus', captured.disk, loaded.disk),
    differs('the network card is another', captured.networkDriver, loaded.networkDriver),
  ];
}

function differs(what: string, captured: string, loaded: string): Proof {
  return { what, holds: captured !== loaded && loaded !== '', found: `${captured} on demo-1, ${loaded} on demo-2` };
}

async function isGone(shell: Shell, path: string, options: { signal: AbortSignal; timeoutMs: number }): Promise<Proof> {
  const result = await shell.run('test', ['-e', path], { ...options, allowedExitCodes: [0, 1] });
  return {
    what: `${path} was removed`,
    holds: result.exitCode === 1,
    found: result.exitCode === 1 ? 'not there' : 'still there',
  };
}
