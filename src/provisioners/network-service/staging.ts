import { posix } from 'node:path';
import type { CallContext } from '../../domain/call-context.ts';
import { IntegrityError } from '../../domain/errors.ts';
import type { CommandResult } from '../../remote/shell.ts';
import { underFence } from '../fenced.ts';
import type { CaptureRequest } from '../provisioner.ts';

/** Where a capture keeps what later steps need, beside the configuration. */
export function definitionPath(request: Pick<CaptureRequest, 'staging'>): string {
  return posix.join(request.staging, '.capture', 'definition.json');
}

/** Makes the staging directory, or takes it over from an earlier attempt. ConflictError when a later attempt has. */
export async function openStaging(request: CaptureRequest, context: CallContext): Promise<void> {
  const script = 'mkdir -p -- "$directory" "$directory/.capture"';
  await inStaging(request, { what: `open the staging directory ${request.staging}`, script, args: [] }, context);
}

/** Removes what was staged, and proves that it is gone. Of nothing: success. */
export async function removeStaged(request: CaptureRequest, file: string, context: CallContext): Promise<void> {
  const script = 'rm -rf -- "$directory/$1" "$directory/.capture"; [ ! -e "$directory/$1" ] || exit 10';
  const what = `remove ${file} from staging`;
  const result = await inStaging(request, { what, script, args: [file] }, context);
  if (result.exitCode !== 0) throw new IntegrityError(`${what}: it is still there`);
}

async function inStaging(
  request: CaptureRequest,
  action: { readonly what: string; readonly script: string; readonly args: readonly string[] },
  context: CallContext,
): Promise<CommandResult> {
  const path = request.staging;
  // Record and lock are the library's own, so that both sides respect the same fence.
  const directory = { path, record: `${path}.owner.json`, lock: posix.join(posix.dirname(path), '.lock') };
  return await underFence(request.library.shell, { directory, fence: request.fence }, action, context);
}
