import type { CallContext } from '../../domain/call-context.ts';
import type { Shell } from '../../remote/shell.ts';
import type { TaskOutcome } from '../operating-system.ts';
import type { Site, SiteScope } from '../site.ts';
import { requireDistribution } from './distributions.ts';
import { initramfsStamp } from './initramfs-stamp.ts';
import { runTasks } from './run-tasks.ts';
import { taskFunctions } from './task-report.ts';

/** 256 MiB at a tenth of a slow network. */
const FILES_MS = 30 * 60_000;

/**
 * Arguments: size of the archive in bytes, number of files, `initramfs` or an empty word, then the kernels whose list of modules must be made
 * anew. Standard input: the archive. What is to be done after unpacking is written down before it, so that a cut forgets nothing.
 */
export const siteFilesScript = `${taskFunctions}${requireDistribution}${String.raw`
archive=/var/lib/imprint/site-files.tar

site_files() {
  mkdir -p -m 0700 /var/lib/imprint
  cat >"$archive"
  [ "$(wc -c <"$archive")" -eq "$size" ] || { fail 'the archive was cut off'; return 0; }
  if ! tar --compare --file="$archive" --directory=/ >/dev/null 2>&1; then
    for kernel in "$@"; do : >"/var/lib/imprint/depmod-$kernel"; done
    [ -z "$initramfs" ] || : >${initramfsStamp}
    tar --extract --file="$archive" --directory=/ --preserve-permissions --no-overwrite-dir --keep-directory-symlink >&2 ||
      { fail 'tar could not put them in place'; return 0; }
    changed "$count files put in place"
  fi
  rm -f "$archive"
  for kernel in "$@"; do
    [ -e "/var/lib/imprint/depmod-$kernel" ] || continue
    depmod "$kernel" >&2 && rm -f "/var/lib/imprint/depmod-$kernel" && changed "modules of $kernel listed anew" || fail "depmod could not list the modules of $kernel"
  done
}

one_at_a_time 600
size=$1 count=$2 initramfs=$3
shift 3
task site-files site_files "$@"
[ $failures = 0 ]
`}`;

/** Puts the site's files onto the system, where they differ. Nothing to do, and no task, without any. */
export async function putSiteFiles(
  shell: Shell,
  { what, site, scope }: { readonly what: string; readonly site: Site; readonly scope: SiteScope },
  context: CallContext,
): Promise<readonly TaskOutcome[]> {
  const files = await site.files(scope);
  if (files === undefined) return [];
  const { archive, paths } = files;
  const kernels = new Set(paths.flatMap((path) => /^(?:usr\/)?lib\/modules\/([^/]+)\//.exec(path)?.[1] ?? []));
  const script = {
    what,
    text: siteFilesScript,
    args: [
      ...[String(archive.byteLength), String(paths.length), paths.some(isForInitramfs) ? 'initramfs' : ''],
      ...kernels,
    ],
    stdin: archive,
    timeoutMs: FILES_MS,
    expected: ['site-files'],
  };
  return await runTasks(shell, script, context);
}

/** What the programs that make an initramfs read, beside their own configuration. */
function isForInitramfs(path: string): boolean {
  return /^((usr\/)?lib\/(modules|firmware|udev|modprobe\.d)|etc\/(initramfs-tools|dracut|modprobe\.d|udev|crypttab|fstab))/.test(
    path,
  );
}
