import type { DiskFiles } from '../../domain/disk-files.ts';
import type { SealCheck } from '../../domain/image.ts';
import type { SealExpectation } from '../operating-system.ts';
import { humanUsers } from './pre-capture-tasks.ts';

/** Looks at a simulated disk that nobody booted; never throws for what it finds. */
export async function simulatedSealChecks(files: DiskFiles, expected: SealExpectation): Promise<readonly SealCheck[]> {
  const passwd = (await files.read('/etc/passwd')) ?? '';
  const homes = (await files.list('/home')) ?? [];
  const fstab = (await files.read('/etc/fstab')) ?? '';
  const current = ((await files.read('/root/currentimage.txt')) ?? '').split('\n')[0] ?? '';
  const left = [...new Set([...humanUsers({ '/etc/passwd': passwd }), ...homes])].filter(
    (user) => expected.removedUsers.length === 0 || expected.removedUsers.includes(user),
  );
  return [
    await absent(files, 'ssh-host-keys', '/etc/ssh/ssh_host_ed25519_key.pub'),
    result('machine-id', ((await files.read('/etc/machine-id')) ?? '') === '', '/etc/machine-id is empty', 'it is not'),
    result('users', left.length === 0, 'no removed account is left', `left: ${left.join(', ')}`),
    await absent(files, 'swap', '/swapfile'),
    result('fstab', !/\sswap\s/.test(fstab), '/etc/fstab names no swap', 'it names one'),
    result('temporary-files', ((await files.list('/tmp')) ?? []).length === 0, '/tmp is empty', 'it is not'),
    result('histories', (await files.read('/root/.bash_history')) === undefined, 'no shell history', 'there is one'),
    result('currentimage', current === expected.revisionName, `currentimage.txt names ${current}`, 'it does not'),
    await clean(files),
  ];
}

async function clean(files: DiskFiles): Promise<SealCheck> {
  const state = await files.fileSystem();
  return result('file-system', state.clean, `${state.type} is marked clean`, 'it is not');
}

async function absent(files: DiskFiles, check: string, path: string): Promise<SealCheck> {
  return result(check, (await files.read(path)) === undefined, `${path} is not there`, 'it is there');
}

function result(check: string, passed: boolean, found: string, otherwise: string): SealCheck {
  if (passed) return { check, outcome: 'passed', found };
  return { check, outcome: 'failed', found: `expected: ${found}; ${otherwise}` };
}
