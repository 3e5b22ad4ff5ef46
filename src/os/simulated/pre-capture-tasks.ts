/** Content by absolute path. */
export type Files = Readonly<Record<string, string>>;

export interface FilesChange {
  readonly set: Files;
  /** Paths, each with all that lies below it. */
  readonly remove: readonly string[];
}

/** What can be repeated: users, swap and temporary files, as what each changes. `users` absent: all human accounts. */
export function preCaptureTasks(
  files: Files,
  users: readonly string[] | undefined,
): readonly { readonly task: string; readonly change: FilesChange }[] {
  return [
    { task: 'users', change: withoutUsers(files, users ?? humanUsers(files)) },
    { task: 'swap', change: withoutSwap(files) },
    { task: 'temporary-files', change: { set: {}, remove: ['/tmp', '/var/tmp'] } },
  ];
}

/** Accounts with a user id from 1000 to 59999. */
export function humanUsers(files: Files): readonly string[] {
  return passwdLines(files)
    .map((line) => line.split(':'))
    .filter(([, , id]) => Number(id) >= 1000 && Number(id) < 60_000)
    .map(([name = '']) => name);
}

function withoutUsers(files: Files, users: readonly string[]): FilesChange {
  const left = passwdLines(files).filter((line) => !users.includes(line.split(':')[0] ?? ''));
  return { set: { '/etc/passwd': [...left, ''].join('\n') }, remove: users.map((user) => `/home/${user}`) };
}

function withoutSwap(files: Files): FilesChange {
  const left = (files['/etc/fstab'] ?? '').split('\n').filter((line) => line.split(/\s+/)[2] !== 'swap');
  return { set: { '/etc/fstab': left.join('\n') }, remove: ['/swapfile'] };
}

function passwdLines(files: Files): readonly string[] {
  return (files['/etc/passwd'] ?? '').split('\n').filter((line) => line !== '');
}
