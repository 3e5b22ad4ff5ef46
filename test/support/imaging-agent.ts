import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { environmentRecipe } from '../../src/imaging/environment/recipe.ts';
import { packageRoot } from '../../src/platform/state-directory.ts';

/**
 * A root of this host's programs in which the agent's own files run as they do in the environment: in a mount namespace of its own, so that
 * nothing is left of it.
 */
const ENTER = `
set -e
mount -t tmpfs tmpfs "$1/chroot"
cd "$1/chroot"
mkdir -p run mnt etc/imprint imprint tmp dev proc sys usr
for name in bin sbin lib lib64; do
  if [ -L "/$name" ]; then cp -P "/$name" .; elif [ -d "/$name" ]; then mkdir "$name"; mount --bind "/$name" "$name"; fi
done
for name in usr dev proc sys; do mount --rbind "/$name" "$name"; done
# Of Perl what the environment has, and not what this host has besides.
mount -t tmpfs tmpfs usr/lib/x86_64-linux-gnu/perl
mount -t tmpfs tmpfs usr/share/perl
for file in $3; do mkdir -p ".\${file%/*}"; cp "$file" ".$file"; done
cp /etc/passwd etc/passwd
cp "$2"/* imprint/
cp "$1/authority.crt" etc/imprint/
exec chroot . env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C TZ=UTC api="$api" mac="$mac" token="$token" only="$only" longest="$longest" busybox sh /imprint/agent.sh
`;

export interface RunningAgent {
  /** What it has printed so far. */
  words(): string;
  /** Its exit status; null when it was killed. */
  readonly ended: Promise<number | null>;
  /** As when the plug is pulled: all that it started ends with it. */
  kill(): void;
}

/** Runs the agent on loop devices: `only` names them; `longest`: seconds that an exchange may take. `directory` holds the authority's certificate and an empty `chroot`. */
export function startAgent(
  directory: string,
  boot: Readonly<Record<'api' | 'mac' | 'token' | 'only' | 'longest', string>>,
): RunningAgent {
  const agent = join(packageRoot(), 'src/imaging/environment/agent');
  const perlFiles = environmentRecipe.files.filter((file) => file.startsWith('/usr/share/perl/'));
  // In a process namespace of its own all of it ends with its first process.
  const args = ['-m', '-p', '-f', '--kill-child', 'sh', '-c', ENTER, 'agent', directory, agent, perlFiles.join(' ')];
  const child = spawn('unshare', args, { env: { ...process.env, ...boot }, stdio: ['ignore', 'pipe', 'pipe'] });
  let words = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (words += text.toString()));
  const ended = once(child, 'close').then(([code]) => code as number | null);
  return { words: () => words, ended, kill: () => child.kill('SIGKILL') };
}

/** Attaches a file as a disk; the name of its device, `loop3`. */
export function attachDisk(file: string): string {
  return execFileSync('losetup', ['-f', '--show', file], { encoding: 'utf8' }).trim().replace('/dev/', '');
}

/** Makes the kernel know the partitions of a disk: its own reading depends on how it was built. */
export function showPartitions(name: string): void {
  execFileSync('partx', ['-u', `/dev/${name}`]);
}

/** Of one that is detached already: nothing. */
export function detachDisk(name: string): void {
  for (const args of [
    ['partx', '-d', `/dev/${name}`],
    ['losetup', '-d', `/dev/${name}`],
  ]) {
    try {
      execFileSync(args[0]!, args.slice(1), { stdio: 'ignore' });
    } catch {
      // It had no partitions, or was detached.
    }
  }
}
