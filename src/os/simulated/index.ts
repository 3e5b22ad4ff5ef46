import { createHash } from 'node:crypto';
import type { CallContext } from '../../domain/call-context.ts';
import { formatCurrentImage, parseCurrentImage, type CurrentImage } from '../../domain/current-image.ts';
import { isImported, nameOfRevision } from '../../domain/image.ts';
import type { Shell } from '../../remote/shell.ts';
import type { OperatingSystem, TaskOutcome } from '../operating-system.ts';
import { simulatedUserAccess } from './user-access.ts';
import { preCaptureTasks, type Files, type FilesChange } from './pre-capture-tasks.ts';
import { simulatedSealChecks } from './seal-checks.ts';

const CURRENT_IMAGE = '/root/currentimage.txt';
const GUEST_MS = 600_000;

/**
 * The operating system of simulated machines, over a shell that knows these programs: `files` prints all files as JSON; `change ACTION` takes
 * `{ set, remove }` on its standard input; `seal REVISION END-STATE`; `shutdown`; `reboot`.
 */
export function createSimulatedOs(): OperatingSystem {
  return {
    name: 'simulated',
    currentImage: readCurrentImage,
    preCapture: async (shell, request, context) => {
      const files = await readFiles(shell, context);
      const tasks = preCaptureTasks(files, request.users);
      const text = formatCurrentImage(request.revision, request.computer);
      const written = { task: 'currentimage', change: { set: { [CURRENT_IMAGE]: text }, remove: [] } };
      const all = [...tasks, written];
      await change(shell, 'preCapture', merge(all.map((task) => task.change)), context);
      return all.map((task) => outcome(task.task, effects(files, task.change)));
    },
    seal: async (shell, request, context) => {
      await run(shell, ['seal', nameOfRevision(request.revision), request.endState], context);
      return [outcome('seal', ['host keys, machine-id and histories removed'])];
    },
    postLoad: async (shell, request, context) => {
      const file = (await readFiles(shell, context))[CURRENT_IMAGE] ?? '';
      const imported = isImported(request.revision);
      // No preCapture of ours wrote it into an image that was made elsewhere.
      const base = imported ? formatCurrentImage(request.revision, request.computer) : file;
      const lines = base.split('\n').filter((line) => line !== '' && !line.startsWith('vcld_post_load='));
      const access = createHash('sha256').update(request.access.authorizedKeys.join('\n')).digest('hex');
      const text = [...lines, 'vcld_post_load=success', ''].join('\n');
      const set = { [CURRENT_IMAGE]: text, '/root/.ssh/authorized_keys.sha256': access };
      await change(shell, 'postLoad', { set, remove: [] }, context);
      return [outcome('currentimage', text === file ? [] : ['vcld_post_load=success'])];
    },
    preReload: async (shell, context) => {
      await readFiles(shell, context);
      return [outcome('reachable', [])];
    },
    markTainted: async (shell, reason, context) => {
      const file = (await readFiles(shell, context))[CURRENT_IMAGE] ?? '';
      const line = `vcld_tainted=${reason.replace(/\s+/g, ' ')}`;
      if (file.split('\n').includes(line)) return;
      await change(shell, 'markTainted', { set: { [CURRENT_IMAGE]: `${file}${line}\n` }, remove: [] }, context);
    },
    shutdown: (shell, context) => run(shell, ['shutdown'], context).then(() => undefined),
    reboot: (shell, context) => run(shell, ['reboot'], context).then(() => undefined),
    hostKeysOnConsole,
    sealChecks: simulatedSealChecks,
    userAccess: simulatedUserAccess,
  };
}

/** The keys between the last pair of marks. */
function hostKeysOnConsole(text: string): readonly string[] | undefined {
  const block = text.split('-----BEGIN SSH HOST KEY KEYS-----').at(-1)?.split('-----END SSH HOST KEY KEYS-----');
  if (block?.length !== 2) return undefined;
  return block[0]?.split('\n').filter((line) => line !== '');
}

async function readCurrentImage(shell: Shell, context: CallContext): Promise<CurrentImage | undefined> {
  return parseCurrentImage((await readFiles(shell, context))[CURRENT_IMAGE] ?? '');
}

async function readFiles(shell: Shell, context: CallContext): Promise<Files> {
  return JSON.parse(await run(shell, ['files'], context)) as Files;
}

async function change(shell: Shell, action: string, changed: FilesChange, context: CallContext): Promise<void> {
  const options = { signal: context.signal, timeoutMs: GUEST_MS, stdin: JSON.stringify(changed) };
  await shell.run('change', [action], options);
}

async function run(shell: Shell, [file = '', ...args]: readonly string[], context: CallContext): Promise<string> {
  return (await shell.run(file, args, { signal: context.signal, timeoutMs: GUEST_MS })).stdout;
}

function merge(changes: readonly FilesChange[]): FilesChange {
  return {
    set: Object.assign({}, ...changes.map((one) => one.set)) as FilesChange['set'],
    remove: changes.flatMap((one) => one.remove),
  };
}

/** What a change would do to the files: one short sentence for each path. */
function effects(files: Files, { set, remove }: FilesChange): readonly string[] {
  const removed = remove.filter((gone) =>
    Object.keys(files).some((path) => path === gone || path.startsWith(`${gone}/`)),
  );
  const written = Object.entries(set).filter(([path, content]) => files[path] !== content);
  return [...removed.map((path) => `${path} removed`), ...written.map(([path]) => `${path} written`)];
}

function outcome(task: string, done: readonly string[]): TaskOutcome {
  const detail = done.length === 0 ? 'nothing to do' : done.join(', ');
  return { task, outcome: done.length === 0 ? 'unchanged' : 'changed', detail, durationMs: 0 };
}
