import type { Shell } from '../remote/shell.ts';

/** The page that must survive the capture. */
export const page = '<h1>Imprint demo</h1>\n';
export const pagePath = '/srv/www/index.html';

const steps: readonly (readonly [string, readonly string[], string])[] = [
  ['mkdir', ['-p', '/srv/www'], 'made /srv/www/index.html, which must survive'],
  ['useradd', ['--create-home', '--shell', '/bin/bash', 'student'], 'added the user student with a home directory'],
  ['fallocate', ['--length', '64M', '/swapfile'], 'made the swap file /swapfile and put it into /etc/fstab'],
  ['chmod', ['600', '/swapfile'], ''],
  ['mkswap', ['/swapfile'], ''],
  ['swapon', ['/swapfile'], ''],
];

/** Configures a node over SSH as an administrator would. Returns what was done, a line each. May be run twice. */
export async function configureNode(shell: Shell, signal: AbortSignal): Promise<readonly string[]> {
  const options = { signal, timeoutMs: 120_000 };
  const done: string[] = [];
  for (const [file, args, line] of steps) {
    // 9: the user exists already, 255: the swap file is in use already.
    await shell.run(file, args, { ...options, allowedExitCodes: [0, 1, 9, 255] });
    if (line !== '') done.push(line);
  }
  const fstab = Buffer.from(await shell.download('/etc/fstab', options)).toString('utf8');
  const files: readonly (readonly [string, string])[] = [
    [pagePath, page],
    ['/etc/fstab', `${fstab.replace(/^\/swapfile .*\n/m, '')}/swapfile none swap sw 0 0\n`],
    ['/tmp/left-over', 'temporary\n'],
    ['/var/tmp/left-over', 'temporary\n'],
    ['/root/.bash_history', 'systemctl restart nginx\n'],
    ['/home/student/.bash_history', 'ls\n'],
  ];
  for (const [path, content] of files) await shell.upload(content, path, { ...options, mode: 0o644 });
  return [...done, 'left files in /tmp and /var/tmp, and shell histories'];
}

/** A session that goes on while the node is captured: the administrator does not log out. It ends when the node powers off. */
export function stayLoggedIn(shell: Shell, signal: AbortSignal): void {
  const session = shell.run('runuser', ['-l', 'student', '-c', 'sleep 3600'], { signal, timeoutMs: 3_600_000 });
  session.catch(() => undefined);
}
