import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { vi } from 'vitest';

const run = promisify(execFile);

/** A real FRRouting in a network namespace of its own: its daemons, its configuration directory, its sockets. */
export interface Router {
  /** Of the namespace and of FRR's instance. */
  readonly name: string;
  readonly frrConf: string;
  /** Ends its daemons as a crash would, which is quicker than zebra's farewell of two seconds, starts them, and lets them read frr.conf. */
  readonly restartProgram: string;
  configure(...lines: readonly string[]): Promise<void>;
  running(): Promise<string>;
  persisted(): Promise<string>;
  stopDaemon(daemon: string): Promise<void>;
  close(): Promise<void>;
}

let count = 0;

/** A name that no other test process takes; short, because it names network interfaces and sockets. */
export function namespaceName(): string {
  count += 1;
  return `imp${String(process.pid)}x${String(count)}`;
}

export async function ip(...args: readonly string[]): Promise<void> {
  await run('ip', args);
}

/** Up within a second. Needs root. */
export async function startRouter(daemons = ['zebra', 'ospfd', 'staticd', 'bgpd']): Promise<Router> {
  const name = namespaceName();
  const directory = await mkdtemp(join(tmpdir(), 'imprint-router-'));
  const [etc, sockets] = [`/etc/frr/${name}`, `/run/frr/${name}`];
  const frrConf = join(etc, 'frr.conf');
  const restartProgram = join(directory, 'restart');
  await writeFile(restartProgram, restartScript(name, daemons));
  await chmod(restartProgram, 0o755);
  await ip('netns', 'add', name);
  await ip('-n', name, 'link', 'set', 'lo', 'up');
  for (const path of [etc, sockets]) await mkdir(path, { recursive: true });
  await writeFile(join(etc, 'vtysh.conf'), '');
  await writeFile(frrConf, '! as installed\n', { mode: 0o640 });
  await run('chown', ['-R', 'frr:frr', etc, sockets]);
  await run(restartProgram);
  const vtysh = async (...commands: readonly string[]): Promise<string> =>
    (await run('vtysh', ['-N', name, ...commands.flatMap((command) => ['-c', command])])).stdout;
  const running = async (): Promise<string> => await vtysh('show running-config no-header');
  await vi.waitFor(running, { timeout: 20_000 });
  return {
    name,
    frrConf,
    restartProgram,
    configure: async (...lines) => {
      await vtysh('configure terminal', ...lines);
    },
    running,
    persisted: async () => await readFile(frrConf, 'utf8'),
    stopDaemon: async (daemon) => {
      const pid = Number(await readFile(join(sockets, `${daemon}.pid`), 'utf8'));
      process.kill(pid, 'SIGKILL');
      await vi.waitFor(() => expectGone(pid), { timeout: 20_000 });
    },
    close: async () => {
      await run(restartProgram, ['stop']);
      await ip('netns', 'del', name);
      for (const path of [etc, sockets, directory]) await rm(path, { recursive: true, force: true });
    },
  };
}

/** A dead process that nobody has waited for yet has no program any more. */
function expectGone(pid: number): void {
  if (existsSync(`/proc/${String(pid)}/exe`)) throw new Error(`process ${String(pid)} is still there`);
}

function restartScript(name: string, daemons: readonly string[]): string {
  const starts = daemons.map((daemon) => {
    const options = daemon === 'zebra' ? '-s 90000000 ' : '';
    return `ip netns exec ${name} /usr/lib/frr/${daemon} ${options}-d -N ${name} -A 127.0.0.1 2>/dev/null`;
  });
  return `#!/bin/sh
set -eu
for file in /run/frr/${name}/*.pid; do
  [ -e "$file" ] || continue
  pid=$(cat "$file")
  kill -9 "$pid" 2>/dev/null || continue
  # A dead one that nobody has waited for yet has no program any more.
  while [ -e "/proc/$pid/exe" ]; do sleep 0.02; done
done
[ "\${1:-}" != stop ] || exit 0
rm -f /run/frr/${name}/*
${starts.join('\n')}
vtysh -N ${name} -b >/dev/null
`;
}
