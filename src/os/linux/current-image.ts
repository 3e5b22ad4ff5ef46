import type { CallContext } from '../../domain/call-context.ts';
import { parseCurrentImage, type CurrentImage } from '../../domain/current-image.ts';
import { NotFoundError } from '../../domain/errors.ts';
import type { Shell } from '../../remote/shell.ts';

const PATH = '/root/currentimage.txt';
const FILE_MS = 60_000;

export async function readCurrentImage(shell: Shell, context: CallContext): Promise<CurrentImage | undefined> {
  return parseCurrentImage((await readText(shell, context)) ?? '');
}

/** Writes `vcld_tainted=<reasons> (<time>)`; a reason that is there already is not added twice. NotFoundError without currentimage.txt. */
export async function markTainted(shell: Shell, reason: string, context: CallContext): Promise<void> {
  const text = await readText(shell, context);
  if (text === undefined)
    throw new NotFoundError(`could not mark ${shell.host} as tainted: it has no currentimage.txt`);
  const tainted = withTaint(text, reason, new Date());
  if (tainted === text) return;
  await shell.upload(tainted, PATH, { signal: context.signal, timeoutMs: FILE_MS, mode: 0o644 });
}

async function readText(shell: Shell, context: CallContext): Promise<string | undefined> {
  const options = { signal: context.signal, timeoutMs: FILE_MS, allowedExitCodes: [0, 1] };
  const { exitCode, stdout } = await shell.run('cat', [PATH], options);
  return exitCode === 0 ? stdout : undefined;
}

/** Adds a reason to the tag `vcld_tainted`, as Apache VCL does: `<reason>[, <reason>…] (YYYY-MM-DD HH:MM:SS)`, UTC. */
export function withTaint(text: string, reason: string, now: Date): string {
  const said = reason.replace(/[\s,()]+/g, ' ').trim();
  const [, earlier = ''] = /^vcld_tainted=(.*?)(?: \([^()]*\))?\r?$/m.exec(text) ?? [];
  const reasons = earlier === '' ? [] : earlier.split(', ');
  if (reasons.includes(said)) return text;
  const time = now.toISOString().slice(0, 19).replace('T', ' ');
  return withTag(text, 'vcld_tainted', `${[...reasons, said].join(', ')} (${time})`);
}

/** Apache VCL's rule: blank lines and an older line of the same tag are dropped, the new line comes last, all others stay. */
export function withTag(text: string, tag: string, value: string): string {
  const kept = text.split(/\r?\n/).filter((line) => line.trim() !== '' && !line.startsWith(`${tag}=`));
  return [...kept, `${tag}=${value}`, ''].join('\n');
}
