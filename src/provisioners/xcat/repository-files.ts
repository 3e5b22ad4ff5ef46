import { posix } from 'node:path';
import type { CallContext } from '../../domain/call-context.ts';
import type { Revision } from '../../domain/image.ts';
import { disksOf, fillIn } from './names.ts';
import { requireRepository, type XcatNode } from './node.ts';

/** What lies in the repository of one revision. */
export interface RepositoryState {
  readonly done: boolean;
  readonly failed: boolean;
  /** Of the image's own files, which must all be there: bytes by path. */
  readonly sizes: Readonly<Record<string, number>>;
  readonly bytes: number;
}

type Key = Pick<Revision, 'image' | 'revision'>;

/** Prints `<bytes> <path>` of each regular file among the arguments. */
const SIZES = 'for file; do [ ! -f "$file" ] || stat -c "%s %n" -- "$file" || exit 1; done';

/** Looks at exactly the files of this revision: those of `web-v1` do not count for `web-v10`, nor the other way round. */
export async function lookAtFiles(node: XcatNode, revision: Key, context: CallContext): Promise<RepositoryState> {
  const { done, failed, disks } = filesOf(node, revision);
  const options = { signal: context.signal, timeoutMs: 60_000 };
  const { stdout } = await node.shell.run('sh', ['-c', SIZES, 'imprint-xcat', done, failed, ...disks], options);
  const found = parseSizes(stdout);
  const sizes = Object.fromEntries(disks.flatMap((path) => (found[path] === undefined ? [] : [[path, found[path]]])));
  const bytes = Object.values(sizes).reduce((sum, size) => sum + size, 0);
  return { done: found[done] !== undefined, failed: found[failed] !== undefined, sizes, bytes };
}

/** Removes what the imaging environment wrote of this revision, markers first. Of nothing: success. */
export async function removeFiles(node: XcatNode, revision: Key, context: CallContext): Promise<void> {
  const { done, failed, disks } = filesOf(node, revision);
  const options = { signal: context.signal, timeoutMs: 60_000 };
  await node.shell.run('rm', ['-f', '--', done, failed, ...disks], options);
}

function parseSizes(output: string): Record<string, number> {
  const lines = output.split('\n').filter((line) => line !== '');
  return Object.fromEntries(lines.map((line) => [line.slice(line.indexOf(' ') + 1), Number(line.split(' ')[0])]));
}

function filesOf(node: XcatNode, revision: Key) {
  const repository = requireRepository(node);
  const { doneMarker, failedMarker } = node.settings.capture;
  const marker = (template: string): string => posix.join(repository.directory, fillIn(template, revision));
  return {
    done: marker(doneMarker),
    failed: marker(failedMarker),
    disks: disksOf(repository, revision).map(({ path }) => path),
  };
}
