import type { Shell } from '../../src/remote/shell.ts';

/**
 * A shell on which a script for a guest is killed in the named task: after its first command that changes something, at the latest when the
 * task is done and before it could be told. Every other script runs as it is.
 */
export function cutInTask(shell: Shell, task: string): Shell {
  const line = new RegExp(`^((?:task|required) ${task}) (.*)$`, 'm');
  const cut = (_line: string, start: string, call: string): string => `${CUTTING}\n${start} cut_in ${call}`;
  return {
    ...shell,
    run: async (file, [dash = '', script = '', ...args], options) =>
      await shell.run(file, [dash, script.replace(line, cut), ...args], options),
  };
}

/** A shell on which every script of the site is lost right after it ended. */
export function cutAfterSiteScript(shell: Shell): Shell {
  return {
    ...shell,
    run: async (file, [dash = '', script = '', ...args], options) =>
      await shell.run(file, [dash, script.replace(/^status=\$\?$/m, () => 'kill -KILL $$'), ...args], options),
  };
}

const CHANGING = [
  'rm',
  'mv',
  'cp',
  'ln',
  'chmod',
  'chpasswd',
  'userdel',
  'swapoff',
  'umount',
  'truncate',
  'tar',
  'sed',
];

const CUTTING = `
${CHANGING.map((name) => `${name}() { command ${name} "$@"; command kill -KILL $$; }`).join('\n')}
kill() { command kill "$@"; command kill -KILL $$; }
find() { command find "$@"; case "$*" in *-delete*|*truncate*) command kill -KILL $$ ;; esac; }
tar() { command tar "$@" || return; case "$*" in *--extract*) command kill -KILL $$ ;; esac; }
cut_in() { "$@"; command kill -KILL $$; }
`;
