import { extname } from 'node:path';
import type { CallContext } from '../domain/call-context.ts';
import type { Shell } from '../remote/shell.ts';

/** The programs that read an archive to its end, by how its name says that it is packed. */
const tests: Readonly<Record<string, string>> = { '.gz': 'gzip', '.zst': 'zstd' };

/** Unpacking reads some 100 MB a second of a packed file: enough for 2 TB. */
const LIMIT_MS = 6 * 3_600_000;

/** Statuses of a shell for a program that is not there. */
const NO_PROGRAM = [126, 127];

/**
 * What forbids a file as an archive: it is empty, or not what its name says, or cut off. Undefined when nothing does. A file whose name ends in neither `.gz`
 * nor `.zst`, or whose program is not there, is only seen not to be empty.
 */
export async function findArchiveFault(shell: Shell, path: string, context: CallContext): Promise<string | undefined> {
  const { stdout } = await shell.run('stat', ['-c', '%s', '--', path], { signal: context.signal, timeoutMs: 60_000 });
  if (Number(stdout) === 0) return 'it is empty';
  const program = tests[extname(path)];
  if (program === undefined) return undefined;
  const options = { signal: context.signal, timeoutMs: LIMIT_MS, allowedExitCodes: [0, 1, 2, ...NO_PROGRAM] };
  const result = await shell.run(program, ['-t', '-q', '--', path], options);
  if (result.exitCode === 0 || NO_PROGRAM.includes(result.exitCode)) return undefined;
  return `it is not whole: ${result.stderr.trim().slice(0, 200) || `${program} says no`}`;
}
