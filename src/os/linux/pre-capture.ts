import type { CallContext } from '../../domain/call-context.ts';
import { formatCurrentImage } from '../../domain/current-image.ts';
import { UnsupportedError } from '../../domain/errors.ts';
import type { Shell } from '../../remote/shell.ts';
import type { PreCaptureRequest, TaskOutcome } from '../operating-system.ts';
import { accessAsInput, accountTasks, rootAccessTasks } from './account-tasks.ts';
import { cleaningTasks } from './cleaning-tasks.ts';
import { debian } from './debian.ts';
import { chooseDistribution, unknownDistributionStatus } from './distribution.ts';
import { firstBootFiles, firstBootUnit } from './first-boot.ts';
import { runScript } from './run-script.ts';
import { sealHook } from './seal-script.ts';
import { checkTasks, parseTaskReport, taskFunctions } from './task-report.ts';

/** An emulated guest deletes some ten thousand files in this time. */
const TASKS_MS = 30 * 60_000;
/** Making an initramfs with all drivers takes ten minutes for each kernel on a slow emulated machine. */
const INITRAMFS_MS = 60 * 60_000;

const distributions = chooseDistribution([debian]);

/** In this order: NFS first, so that no home on a server is deleted; users before the temporary files that they own. */
const TASKS: readonly (readonly [name: string, shellFunction: string])[] = [
  ['unmount-nfs', 'unmount_nfs'],
  ['log-users-off', 'log_users_off'],
  ['delete-users', 'delete_users'],
  ['root-password', 'root_password'],
  ['root-keys', 'root_keys'],
  ['root-leftovers', 'root_leftovers'],
  ['swap-files', 'remove_swap_files'],
  ['cloud-init', 'cloud_init'],
  ['leases', 'leases'],
  ['card-names', 'card_names'],
  ['disk-names', 'disk_names'],
  ['network', 'network'],
  ['crash-dumps', 'crash_dumps'],
  ['logs', 'logs'],
  ['temporary-files', 'temporary_files'],
  ['package-cache', 'package_cache'],
  ['first-boot', 'first_boot "$@"'],
  ['current-image', 'current_image'],
];

/** A failure of these would make the later ones do harm, so the script ends there. */
const REQUIRED = ['unmount-nfs', 'log-users-off'];

/** Arguments: accounts, content of currentimage.txt, unit, then path, mode and content of each file. Standard input: root's access. */
export const preCaptureScript = `${taskFunctions}${accountTasks}${rootAccessTasks}${cleaningTasks}${distributions}
current_image() { put /root/currentimage.txt 0644 "$content" written; }

first_boot() {
  for target in multi-user.target ssh.service; do
    mkdir -p "/etc/systemd/system/$target.wants"
    ln -sf "/etc/systemd/system/$unit" "/etc/systemd/system/$target.wants/$unit"
  done
  while [ $# -ge 3 ]; do
    put "$1" "$2" "$3" "$1 written"
    shift 3
  done
}

read_access
one_at_a_time 600
accounts=$1 content=$2 unit=$3
shift 3
${TASKS.map(([name, call]) => `${REQUIRED.includes(name) ? 'required' : 'task'} ${name} ${call}`).join('\n')}
[ $failures = 0 ]
`;

/** Makes sure that the system starts on other hardware; nothing to do when it was so and no configuration is newer than the initramfs. */
export const initramfsScript = `${taskFunctions}${distributions}
one_at_a_time 3600
task initramfs initramfs
[ $failures = 0 ]
`;

/**
 * Prepares the system for its capture. Two commands, because the second can take minutes. CommandFailedError names the tasks that
 * failed; the same call again does what is left.
 */
export async function preCapture(
  shell: Shell,
  request: PreCaptureRequest,
  context: CallContext,
): Promise<readonly TaskOutcome[]> {
  const files = [...firstBootFiles(), sealHook];
  const accounts = request.users === undefined ? '*' : request.users.join(' ');
  const tasks = await runTasks(shell, context, {
    what: `prepare ${request.computer.name} for its capture`,
    text: preCaptureScript,
    args: [
      ...[accounts, formatCurrentImage(request.revision, request.computer), firstBootUnit],
      ...files.flatMap(({ path, mode, content }) => [path, `0${mode.toString(8)}`, content]),
    ],
    stdin: accessAsInput(request.access),
    timeoutMs: TASKS_MS,
    expected: TASKS.map(([name]) => name),
  });
  const initramfs = await runTasks(shell, context, {
    what: `check that ${request.computer.name} would start on other hardware`,
    text: initramfsScript,
    args: [],
    timeoutMs: INITRAMFS_MS,
    expected: ['initramfs'],
  });
  return [...tasks, ...initramfs];
}

async function runTasks(
  shell: Shell,
  context: CallContext,
  { expected, ...script }: Parameters<typeof runScript>[1] & { readonly expected: readonly string[] },
): Promise<readonly TaskOutcome[]> {
  const result = await runScript(shell, { ...script, allowedExitCodes: [0, 1, unknownDistributionStatus] }, context);
  if (result.exitCode === unknownDistributionStatus)
    throw new UnsupportedError(`${script.what}: ${result.stderr.trim()}`);
  const tasks = parseTaskReport(result.stdout);
  checkTasks(`could not ${script.what}`, tasks, expected);
  return tasks;
}
