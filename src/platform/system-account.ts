import { execa } from 'execa';
import { UnsupportedError } from '../domain/errors.ts';
import { findCommand } from './commands.ts';

export interface SystemAccount {
  readonly uid: number;
  readonly gid: number;
}

/**
 * The system account of this name, in a group of its own and in those of `groups` that the system has; made where there is none, for root only. UnsupportedError, which
 * says without what, when it cannot be made.
 */
export async function ensureSystemAccount(
  name: string,
  { without, groups = [] }: { readonly without: string; readonly groups?: readonly string[] },
): Promise<SystemAccount> {
  const found = await readAccount(name);
  if (found) return found;
  const known = await Promise.all(groups.map(hasGroup));
  const more = groups.filter((_, index) => known[index]);
  const args = ['--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin'];
  if (more.length > 0) args.push('--groups', more.join(','));
  // It lies where the PATH of a root shell may not lead.
  const made = await execa((await findCommand('useradd')) ?? 'useradd', [...args, name], { reject: false });
  const account = await readAccount(name);
  if (account) return account;
  throw new UnsupportedError(`could not make the account ${name}, without which ${without}`, {
    evidence: { output: made.stderr === '' ? made.shortMessage : made.stderr },
  });
}

async function hasGroup(name: string): Promise<boolean> {
  return !(await execa('getent', ['group', name], { reject: false })).failed;
}

async function readAccount(name: string): Promise<SystemAccount | undefined> {
  const uid = await execa('id', ['-u', name], { reject: false });
  const gid = await execa('id', ['-g', name], { reject: false });
  return uid.failed || gid.failed ? undefined : { uid: Number(uid.stdout), gid: Number(gid.stdout) };
}
