import type { DiskFiles } from '../../domain/disk-files.ts';
import type { GuestFile } from './first-boot.ts';

/** Where the author of an image writes what cleaning leaves alone: Imprint's own list, and that of Apache VCL. */
const LISTS = ['/etc/imprint/exclude-list', '/root/.vclcontrol/vcl_exclude_list'] as const;

/** Says on the system itself what the lists are for. */
export const excludeListSample: GuestFile = {
  path: `${LISTS[0]}.sample`,
  mode: 0o644,
  content: `# What a capture or a load of Imprint must not delete, empty or rewrite on this system. Write it into
#   ${LISTS[0]}
# The list of Apache VCL, ${LISTS[1]}, counts in the same way.
#
# One absolute path a line. An asterisk stands for any characters. What lies below a path belongs to it.
#
# /root/.ssh/id_ed25519*
# /var/log/licence/*
# /home/common
`,
};

/**
 * Shell functions over `$excluded`, the lines of the lists: `is_excluded PATH`, also when only something below PATH is named;
 * `find_but_excluded ACTION ARGUMENT…`, find with an action for what is not.
 */
export const excludeFunctions = String.raw`
read_exclude_lists() {
  # The asterisk alone is a pattern, as in Apache VCL.
  excluded=$(sed -e 's/^[[:space:]]*//' -e 's/[[:space:]]*$//' -e '/^[^/]/d' -e '/^$/d' -e 's/[][?\\]/\\&/g' ${LISTS.join(' ')} 2>/dev/null)
}

is_excluded() {
  [ -n "$excluded" ] || return 1
  while IFS= read -r pattern; do
    case $1 in $pattern|$pattern/*) return 0 ;; esac
    case $pattern in "$1"/*) return 0 ;; esac
  done <<END_OF_LISTS
$excluded
END_OF_LISTS
  return 1
}

find_but_excluded() {
  action=$1
  shift
  while IFS= read -r pattern; do
    [ -z "$pattern" ] || set -- "$@" ! -path "$pattern" ! -path "$pattern/*"
  done <<END_OF_LISTS
$excluded
END_OF_LISTS
  find "$@" $action
}
`;

/** With the functions of task-report.ts. */
export const cleanFunction = String.raw`
# clean WHAT PATH...: deletes those that the lists do not exclude.
clean() {
  what=$1 count=$#
  shift
  while [ $count -gt 1 ]; do
    is_excluded "$1" || set -- "$@" "$1"
    shift
    count=$((count - 1))
  done
  delete "$what" "$@"
}
`;

/** The same on a disk that nobody booted: whether the lists there name a path, something above it or something below it. */
export async function exclusionsOf(files: DiskFiles): Promise<(path: string) => boolean> {
  const texts = await Promise.all(LISTS.map(async (path) => (await files.read(path)) ?? ''));
  const lines = texts.flatMap((text) => text.split('\n').map((line) => line.trim()));
  const named = lines.filter((line) => line.startsWith('/')).map((line) => ({ line, pattern: patternOf(line) }));
  return (path) => named.some(({ line, pattern }) => pattern.test(path) || line.startsWith(`${path}/`));
}

function patternOf(line: string): RegExp {
  const parts = line.split('*').map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`));
  return new RegExp(`^${parts.join('.*')}(/.*)?$`);
}
