import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'vitest';
import { parseTaskReport, taskFunctions } from '../../src/os/linux/task-report.ts';
import type { TaskOutcome } from '../../src/os/operating-system.ts';
import { createLocalShell } from '../../src/remote/local-shell.ts';
import type { Shell } from '../../src/remote/shell.ts';

/** A directory in which scripts for a guest work on files, as if it were the guest's root. */
export interface FakeRoot {
  readonly path: string;
  /** Writes a file, `etc/fstab`; mode 0o644 unless another is given. */
  file(path: string, content: string, mode?: number): Promise<void>;
  /** undefined when there is none. */
  content(path: string): Promise<string | undefined>;
  /** Permission bits. */
  mode(path: string): Promise<number>;
  /** A shell on this machine that runs scripts with all their paths moved below the root. */
  readonly shell: Shell;
  /** Runs one task of these shell functions. */
  runTask(functions: string, call: string): Promise<TaskOutcome | undefined>;
  remove(): Promise<void>;
}

const TOP = 'etc|boot|proc|sys|root|var|run|home|tmp|lib|users|export|swapfile|swap\\.img';

/** `bin` in it comes first in PATH. */
export async function createFakeRoot(): Promise<FakeRoot> {
  const root = await mkdtemp(join(tmpdir(), 'imprint-root-'));
  const directories = ['etc', 'boot', 'proc', 'bin', 'run/imprint', 'var/lib', 'root', 'swap'];
  await Promise.all(directories.map(async (name) => await mkdir(join(root, name), { recursive: true })));
  const shell = movedShell(root);
  const content = async (path: string): Promise<string | undefined> =>
    await readFile(join(root, path), 'utf8').catch(() => undefined);
  return {
    path: root,
    shell,
    content,
    file: async (path, text, mode = 0o644) => {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), text, { mode });
    },
    mode: async (path) => (await stat(join(root, path))).mode & 0o7777,
    runTask: async (functions, call) => {
      const script = `${taskFunctions}\n${functions}\ntask it ${call}`;
      const { stdout } = await shell.run('sh', ['-c', script], {
        signal: AbortSignal.timeout(30_000),
        timeoutMs: 30_000,
      });
      return parseTaskReport(stdout)[0];
    },
    remove: async () => {
      await rm(root, { recursive: true, force: true });
    },
  };
}

function movedShell(root: string): Shell {
  const local = createLocalShell();
  return {
    ...local,
    run: async (file, [dash = '', script = '', ...args], options) =>
      await local.run(file, [dash, moved(root, script), ...args], options),
  };
}

/** All that begins with a directory of the root is moved below it, but the clock of the machine. */
function moved(root: string, script: string): string {
  const mark = '@ROOT@';
  const text = script
    .replaceAll(new RegExp(String.raw`(?<![\w./*@-])/(?=(?:${TOP})\b)(?!proc/uptime)`, 'g'), `${mark}/`)
    .replaceAll(/(--directory=)\/(?=\s)/g, `$1${mark}/`)
    .replaceAll(/^(export LC_ALL=C PATH=.*)$/gm, `$1\nPATH=${mark}/bin:$PATH`);
  // A path that was missed would reach this machine.
  expect(text.match(new RegExp(String.raw`(?<![\w@.*-])/(?:${TOP})\b(?!/uptime)`, 'g'))).toBeNull();
  return text.replaceAll(mark, root);
}
