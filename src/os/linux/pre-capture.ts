import type { CallContext } from '../../domain/call-context.ts';
import { formatCurrentImage } from '../../domain/current-image.ts';
import type { Shell } from '../../remote/shell.ts';
import type { PreCaptureRequest, TaskOutcome } from '../operating-system.ts';
import { inheritedTasks, openAccessTasks } from './access-tasks.ts';
import { accessAsInput, accountTasks, rootAccessTasks } from './account-tasks.ts';
import { cleaningTasks } from './cleaning-tasks.ts';
import { distributionFunctions } from './distributions.ts';
import { cleanFunction, excludeFunctions, excludeListSample } from './exclude-list.ts';
import { firstBootFiles, firstBootUnit } from './first-boot.ts';
import { runTasks } from './run-tasks.ts';
import { sealHook } from './seal-script.ts';
import { putSiteFiles } from './site-files.ts';
import { runSiteScripts, type SiteAdditions } from './site-scripts.ts';
import { taskFunctions } from './task-report.ts';

/** An emulated guest deletes some ten thousand files in this time. */
const TASKS_MS = 30 * 60_000;
/** Making an initramfs with all drivers takes ten minutes for each kernel on a slow emulated machine. */
const INITRAMFS_MS = 60 * 60_000;

/** In this order: NFS first, so that no home on a server is deleted; users before the temporary files that they own. */
export const preCaptureTasks: readonly (readonly [name: string, shellFunction: string])[] = [
  ['unmount-nfs', 'unmount_nfs'],
  ['log-users-off', 'log_users_off'],
  ['delete-users', 'delete_users'],
  ['root-password', 'root_password'],
  ['root-keys', 'root_keys'],
  ['root-leftovers', 'root_leftovers'],
  ['default-sshd', 'default_sshd'],
  ['firewall', 'firewall'],
  ['rc-local', 'rc_local'],
  ['setup-wizards', 'setup_wizards'],
  ['swap-files', 'remove_swap_files'],
  ['cloud-init', 'cloud_init'],
  ['leases', 'leases'],
  ['card-names', 'card_names'],
  ['disk-names', 'disk_names'],
  ['network', 'network'],
  ['host-name', 'host_name'],
  ['crash-dumps', 'crash_dumps'],
  ['logs', 'logs'],
  ['temporary-files', 'temporary_files'],
  ['package-cache', 'package_cache'],
  ['exclude-list', 'exclude_list'],
  ['first-boot', 'first_boot "$@"'],
  ['current-image', 'current_image'],
];

/** A failure of these would make the later ones do harm, so the script ends there. */
const REQUIRED = ['unmount-nfs', 'log-users-off'];

/** Arguments: accounts, content of currentimage.txt, unit, then path, mode and content of each file. Standard input: root's access. */
export const preCaptureScript = `${taskFunctions}${excludeFunctions}${cleanFunction}${accountTasks}${rootAccessTasks}${inheritedTasks}${openAccessTasks}${cleaningTasks}${distributionFunctions}
current_image() { put /root/currentimage.txt 0644 "$content" written; }

exclude_list() { put "$sample" 0644 "$sample_content" 'its sample written'; }

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
read_exclude_lists
accounts=$1 content=$2 unit=$3 sample=$4 sample_content=$5
shift 5
${preCaptureTasks.map(([name, call]) => `${REQUIRED.includes(name) ? 'required' : 'task'} ${name} ${call}`).join('\n')}
[ $failures = 0 ]
`;

/**
 * Makes sure that the system starts on other hardware; nothing to do when it was so and no configuration is newer than the initramfs.
 * Arguments: modules that the site wants.
 */
export const initramfsScript = `${taskFunctions}${excludeFunctions}${cleanFunction}${distributionFunctions}
one_at_a_time 3600
task initramfs initramfs "$*"
[ $failures = 0 ]
`;

/**
 * Prepares the system for its capture: files and scripts of the site, then the tasks, then the initramfs. Few commands, because each costs an
 * emulated guest half a second; the initramfs has its own, because it can take minutes. CommandFailedError names the tasks or scripts that
 * failed, DeadlineError a script that took too long; the same call again does what is left, and every script again.
 */
export async function preCapture(
  shell: Shell,
  request: PreCaptureRequest & { readonly additions: SiteAdditions },
  context: CallContext,
): Promise<readonly TaskOutcome[]> {
  const { additions, computer, revision } = request;
  const { site } = additions;
  const bring = { what: `bring files of the site to ${computer.name}`, site, scope: revision };
  const files = await putSiteFiles(shell, bring, context);
  const stage = { stage: 'pre_capture', node: computer.name, revision, additions } as const;
  const scripts = await runSiteScripts(shell, stage, context);
  const tasks = await clean(shell, request, context);
  const initramfs = await runTasks(
    shell,
    {
      what: `check that ${computer.name} would start on other hardware`,
      text: initramfsScript,
      args: await site.modules(revision),
      timeoutMs: INITRAMFS_MS,
      expected: ['initramfs'],
    },
    context,
  );
  return [...files, ...scripts, ...tasks, ...initramfs];
}

async function clean(
  shell: Shell,
  { computer, revision, access, users }: PreCaptureRequest,
  context: CallContext,
): Promise<readonly TaskOutcome[]> {
  const files = [...firstBootFiles(), sealHook];
  const accounts = users === undefined ? '*' : users.join(' ');
  const script = {
    what: `prepare ${computer.name} for its capture`,
    text: preCaptureScript,
    args: [
      ...[accounts, formatCurrentImage(revision, computer), firstBootUnit],
      ...[excludeListSample.path, excludeListSample.content],
      ...files.flatMap(({ path, mode, content }) => [path, `0${mode.toString(8)}`, content]),
    ],
    stdin: accessAsInput(access),
    timeoutMs: TASKS_MS,
    expected: preCaptureTasks.map(([name]) => name),
  };
  return await runTasks(shell, script, context);
}
