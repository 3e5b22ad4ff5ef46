import { chmod, mkdir, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { NotReadyError } from '../domain/errors.ts';
import { until } from './until.ts';

/** A real FRRouting in a network namespace of its own: its daemons, its configuration directory, its sockets. */
export interface FrrRouter {
  /** Of the namespace and of FRR's instance. */
  readonly name: string;
  readonly frrConf: string;
  /** Ends its daemons as a crash would, which is quicker than zebra's farewell of two seconds, starts them, and lets them read frr.conf. */
  readonly restartProgram: string;
  configure(...lines: readonly string[]): Promise<void>;
  running(): Promise<string>;
  persisted(): Promise<string>;
  stopDaemon(daemon: string): Promise<void>;
  restart(): Promise<void>;
  close(): Promise<void>;
}

export interface FrrRouterRequest {
  /** Short, because it names network interfaces and sockets; nobody else on this machine may have it. */
  readonly name: string;
  readonly daemons: readonly string[];
  /** Where its restart program lies. */
  readonly directory: string;
}

/** Up within a second. Needs root. */
export async function startFrrRouter({ name, daemons, directory }: FrrRouterRequest): Promise<FrrRouter> {
  const [etc, sockets] = placesOf(name);
  const frrConf = join(etc, 'frr.conf');
  const restartProgram = join(directory, 'restart');
  await writeFile(restartProgram, restartScript(name, daemons));
  await chmod(restartProgram, 0o755);
  await execa('ip', ['netns', 'add', name]);
  await execa('ip', ['-n', name, 'link', 'set', 'lo', 'up']);
  for (const path of [etc, sockets]) await mkdir(path, { recursive: true });
  await writeFile(join(etc, 'vtysh.conf'), '');
  await writeFile(frrConf, '! as installed\n', { mode: 0o640 });
  await execa('chown', ['-R', 'frr:frr', etc, sockets]);
  const vtysh = async (...commands: readonly string[]): Promise<string> =>
    (
      await execa('vtysh', ['-N', name, ...commands.flatMap((command) => ['-c', command])], {
        stripFinalNewline: false,
      })
    ).stdout;
  const running = async (): Promise<string> => await vtysh('show running-config no-header');
  const restart = async (): Promise<void> => {
    await execa(restartProgram);
    await until(`FRR ${name} answers`, running);
  };
  await restart();
  return {
    name,
    frrConf,
    restartProgram,
    configure: async (...lines) => {
      await vtysh('configure terminal', ...lines);
    },
    running,
    persisted: async () => await readFile(frrConf, 'utf8'),
    stopDaemon: async (daemon) => await endDaemon(join(sockets, `${daemon}.pid`)),
    restart,
    close: async () => await removeFrrRouter(name),
  };
}

/** Ends the daemons of a router and removes what it has on this machine. None there: success. */
export async function removeFrrRouter(name: string): Promise<void> {
  const [etc, sockets] = placesOf(name);
  const files = await readdir(sockets).catch(() => []);
  for (const file of files.filter((file) => file.endsWith('.pid'))) await endDaemon(join(sockets, file));
  await execa('ip', ['netns', 'del', name], { reject: false });
  for (const path of [etc, sockets]) await rm(path, { recursive: true, force: true });
}

function placesOf(name: string): readonly [string, string] {
  return [`/etc/frr/${name}`, `/run/frr/${name}`];
}

/** A process number is given out again: only a program of FRR's is ended. */
async function endDaemon(pidFile: string): Promise<void> {
  const pid = Number(await readFile(pidFile, 'utf8'));
  const program = await programOf(pid);
  if (program?.startsWith('/usr/lib/frr/') !== true) return;
  process.kill(pid, 'SIGKILL');
  await until(`process ${String(pid)} of FRR has ended`, async () => {
    // A dead process that nobody has waited for yet has no program any more.
    if ((await programOf(pid)) !== undefined) throw new NotReadyError(`process ${String(pid)} is still there`);
    return true;
  });
}

async function programOf(pid: number): Promise<string | undefined> {
  return await readlink(`/proc/${String(pid)}/exe`).catch(() => undefined);
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
rm -f /run/frr/${name}/*
${starts.join('\n')}
vtysh -N ${name} -b >/dev/null
`;
}
