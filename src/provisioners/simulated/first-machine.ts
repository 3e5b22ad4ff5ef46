import type { Computer } from '../../domain/computer.ts';
import type { Machine } from './machine.ts';
import { start, type Surroundings } from './power-transitions.ts';
import { settingsOf } from './settings.ts';

/** What an administrator's machine looks like before anything was captured: it is on, has answered for long, and has all that a seal removes. */
export function firstMachine(computer: Pick<Computer, 'name' | 'settings'>, around: Surroundings): Machine {
  const { disks, users } = settingsOf(computer);
  const system = { files: firstFiles(users), clean: true, mountCount: 0 };
  const off: Machine = {
    power: 'off',
    boots: 0,
    loaded: {
      disks: disks.map(({ name, sizeBytes, usedBytes }, index) => ({
        name,
        virtualSizeBytes: sizeBytes,
        usedBytes,
        ...(index === 0 ? { system } : {}),
      })),
    },
    setAside: [],
    jobs: {},
    effects: {},
  };
  return { ...start(off, around), answersAt: around.now };
}

function firstFiles(users: readonly string[]): Record<string, string> {
  const homes = users.map((user) => [`/home/${user}/notes.txt`, `notes of ${user}\n`] as const);
  return {
    '/etc/passwd': ['root:x:0:0:root:/root:/bin/bash', ...users.map(passwdLine), ''].join('\n'),
    '/etc/fstab': '/dev/vda1 / simfs defaults 0 1\n/swapfile none swap sw 0 0\n',
    '/swapfile': 'swap',
    '/tmp/scratch': 'temporary\n',
    '/root/.bash_history': 'apt install course-software\n',
    '/opt/course/software': 'installed by the administrator\n',
    ...Object.fromEntries(homes),
  };
}

function passwdLine(user: string, index: number): string {
  const id = String(1000 + index);
  return `${user}:x:${id}:${id}::/home/${user}:/bin/bash`;
}
