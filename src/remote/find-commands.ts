import type { CallContext } from '../domain/call-context.ts';
import type { Shell } from './shell.ts';

/** An ordinary account's PATH lacks what lies in the system's directories. A path is looked for as it is; what is not there is an empty line. */
const FIND = `PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
for name; do
  case $name in
    /*) if [ -e "$name" ]; then printf '%s\\n' "$name"; else echo; fi ;;
    *) command -v -- "$name" || echo ;;
  esac
done`;

/** Where each command or file lies on the host; undefined for one that is not there. Errors of the shell pass through. */
export async function findCommands(
  shell: Shell,
  names: readonly string[],
  context: CallContext,
): Promise<ReadonlyMap<string, string | undefined>> {
  const options = { signal: context.signal, timeoutMs: 30_000 };
  const { stdout } = await shell.run('sh', ['-c', FIND, 'imprint-find', ...names], options);
  const lines = stdout.split('\n');
  return new Map(names.map((name, index) => [name, lines[index] === '' ? undefined : lines[index]]));
}
