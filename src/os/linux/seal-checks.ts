import { parseCurrentImage } from '../../domain/current-image.ts';
import type { DiskFiles } from '../../domain/disk-files.ts';
import { errorChain, NotFoundError, UnsupportedError } from '../../domain/errors.ts';
import type { SealCheck } from '../../domain/image.ts';
import type { SealExpectation } from '../operating-system.ts';
import { exclusionsOf } from './exclude-list.ts';
import { accounts, isHuman, removals, swapFiles, type Account } from './disk-tables.ts';

/** What was found: `wrong` is empty when the check passed. */
interface Finding {
  readonly looked: string;
  readonly wrong: readonly string[];
}

type Check = (files: DiskFiles, expected: SealExpectation) => Promise<Finding>;

const CHECKS: Readonly<Record<string, Check>> = {
  'file-system': checkFileSystem,
  currentimage: checkCurrentImage,
  'machine-id': checkMachineId,
  'random-seed': checkRandomSeed,
  'ssh-host-keys': checkHostKeys,
  'first-boot': checkFirstBoot,
  users: checkUsers,
  swap: checkSwap,
  'temporary-files': checkTemporaryFiles,
  histories: checkHistories,
  journal: checkJournal,
};

/** Makes every check on a disk that nobody booted. What could not be read is `unknown`, never `passed`. */
export async function sealChecks(files: DiskFiles, expected: SealExpectation): Promise<readonly SealCheck[]> {
  const results: SealCheck[] = [];
  for (const [check, look] of Object.entries(CHECKS)) results.push(await make(check, look, files, expected));
  return results;
}

async function make(check: string, look: Check, files: DiskFiles, expected: SealExpectation): Promise<SealCheck> {
  try {
    const { looked, wrong } = await look(files, expected);
    if (wrong.length === 0) return { check, outcome: 'passed', found: looked };
    return { check, outcome: 'failed', found: `expected: ${looked}; found: ${wrong.join(', ')}` };
  } catch (error) {
    return { check, outcome: 'unknown', found: `could not be read: ${errorChain(error)}` };
  }
}

async function checkFileSystem(files: DiskFiles): Promise<Finding> {
  const { type, clean } = await files.fileSystem();
  if (!clean && !type.startsWith('ext')) throw new UnsupportedError(`${type} has no mark that can be read`);
  return { looked: `the root file system (${type}) is marked clean`, wrong: clean ? [] : ['it is not'] };
}

async function checkCurrentImage(files: DiskFiles, { revisionName, revisionId }: SealExpectation): Promise<Finding> {
  const current = parseCurrentImage((await files.read('/root/currentimage.txt')) ?? '');
  const wrong = [
    ...(current?.name === revisionName ? [] : [current?.name ?? 'no name']),
    ...(current?.revisionId === revisionId ? [] : [`imagerevision_id=${String(current?.revisionId ?? '')}`]),
    ...(current?.postLoad === undefined ? [] : ['vcld_post_load']),
    ...(current?.tainted === undefined ? [] : ['vcld_tainted']),
  ];
  return { looked: `currentimage.txt names ${revisionName} (${String(revisionId)}) and has no tags`, wrong };
}

/** systemd fills an empty machine-id; `uninitialized` it also fills. */
async function checkMachineId(files: DiskFiles): Promise<Finding> {
  const found: string[] = [];
  for (const path of ['/etc/machine-id', '/var/lib/dbus/machine-id']) {
    const id = ((await files.read(path)) ?? '').trim();
    if (id !== '' && id !== 'uninitialized') found.push(`${id} in ${path}`);
  }
  return { looked: 'there is no machine-id', wrong: found };
}

async function checkRandomSeed(files: DiskFiles): Promise<Finding> {
  const present = await nonEmpty(files, ['/var/lib/systemd/random-seed', '/var/lib/urandom/random-seed']);
  return { looked: 'there is no random seed', wrong: present };
}

async function checkHostKeys(files: DiskFiles): Promise<Finding> {
  const names = await listed(files, '/etc/ssh');
  return { looked: 'there are no SSH host keys', wrong: names.filter((name) => name.startsWith('ssh_host_')) };
}

/** Without it no SSH server starts on the loaded system. */
async function checkFirstBoot(files: DiskFiles): Promise<Finding> {
  const script = await files.read('/usr/local/lib/imprint/first-boot');
  const wanted = (await files.list('/etc/systemd/system/multi-user.target.wants')) ?? [];
  return {
    looked: 'a unit makes new host keys at the first boot',
    wrong: [
      ...(script === undefined ? ['its script is missing'] : []),
      ...(wanted.includes('imprint-first-boot.service') ? [] : ['it is not enabled']),
    ],
  };
}

/** preCapture leaves its list of what it removed on the disk; postLoad deletes it. */
async function checkUsers(files: DiskFiles, { removedUsers }: SealExpectation): Promise<Finding> {
  const known = accounts(await mustRead(files, '/etc/passwd'));
  const record = removals((await files.read('/var/lib/imprint/removed-users')) ?? '');
  const isUnwanted = ({ name }: Account): boolean =>
    removedUsers.length === 0 || removedUsers.includes(name) || record.some((one) => one.name === name);
  const left = known.filter(isHuman).filter(isUnwanted);
  const isExcluded = await exclusionsOf(files);
  const homes: string[] = [];
  for (const { home } of record) {
    if (!isExcluded(home) && (await files.list(home)) !== undefined) homes.push(home);
  }
  return {
    looked: 'there are no accounts of users, nor the homes of those removed',
    wrong: [...left.map(({ name }) => name), ...homes],
  };
}

async function checkSwap(files: DiskFiles): Promise<Finding> {
  const named = swapFiles((await files.read('/etc/fstab')) ?? '');
  const left = await nonEmpty(files, ['/swapfile', '/swap.img', ...named]);
  return {
    looked: 'there are no swap files, and fstab names none',
    wrong: [...new Set([...left, ...named.map((path) => `${path} in fstab`)])],
  };
}

async function checkTemporaryFiles(files: DiskFiles): Promise<Finding> {
  const isExcluded = await exclusionsOf(files);
  const wrong: string[] = [];
  for (const directory of ['/tmp', '/var/tmp']) {
    const names = await listed(files, directory);
    const left = names.filter((name) => !name.startsWith('systemd-private-') && !/^\..*-unix$/.test(name));
    wrong.push(...left.map((name) => `${directory}/${name}`).filter((path) => !isExcluded(path)));
  }
  return { looked: 'the directories for temporary files are empty', wrong };
}

async function checkHistories(files: DiskFiles): Promise<Finding> {
  const homes = accounts(await mustRead(files, '/etc/passwd')).filter((one) => one.uid === 0 || isHuman(one));
  const wrong: string[] = [];
  for (const { home } of homes) {
    const names = (await files.list(home)) ?? [];
    wrong.push(
      ...names
        .filter((name) => /^\..*(_history.*|histfile|lesshst|viminfo)$/.test(name))
        .map((name) => `${home}/${name}`),
    );
  }
  return { looked: 'there are no histories of commands', wrong };
}

async function checkJournal(files: DiskFiles): Promise<Finding> {
  return { looked: 'there is no journal', wrong: (await files.list('/var/log/journal')) ?? [] };
}

async function nonEmpty(files: DiskFiles, paths: readonly string[]): Promise<readonly string[]> {
  const present: string[] = [];
  for (const path of paths) if (((await files.read(path, 16)) ?? '') !== '') present.push(path);
  return present;
}

async function mustRead(files: DiskFiles, path: string): Promise<string> {
  const text = await files.read(path);
  if (text === undefined) throw new NotFoundError(`there is no ${path}`);
  return text;
}

async function listed(files: DiskFiles, path: string): Promise<readonly string[]> {
  const names = await files.list(path);
  if (names === undefined) throw new NotFoundError(`there is no ${path}`);
  return names;
}
