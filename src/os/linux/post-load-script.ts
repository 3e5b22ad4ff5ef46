import { inheritedTasks, limitAccessTasks } from './access-tasks.ts';
import { rootAccessTasks } from './account-tasks.ts';
import { cleanFunction, excludeFunctions } from './exclude-list.ts';
import { taskFunctions } from './task-report.ts';

/** In this order; scripts of the site come after them. The name of a shell function, where it is not that of the task. */
export const postLoadTasks: readonly (readonly [name: string, shellFunction: string])[] = [
  ['current-image', 'current_image'],
  ['identity', 'identity'],
  ['interfaces', 'interfaces'],
  ['hostname', 'host_name'],
  ['root-password', 'root_password'],
  ['root-keys', 'root_keys'],
  ['private-keys', 'private_keys'],
  ['ssh-sources', 'ssh_sources'],
  ['rc-local', 'rc_local'],
  ['setup-wizards', 'setup_wizards'],
  ['time', 'set_time'],
  ['leftovers', 'leftovers'],
];

/** Failures that Apache VCL tolerates too: scripts of the image's author. */
export const toleratedPostLoadTasks = ['vcl-post-load'];

/** Without the right image nothing else is done. */
const REQUIRED = 'current-image';

/**
 * Arguments: name of the revision, host name, seconds since the epoch on the management node, addresses from which SSH is accepted (with commas;
 * empty: all), content for currentimage.txt when the image was made elsewhere (else empty). Standard input: root's access.
 */
export const postLoadScript = `${taskFunctions}${excludeFunctions}${cleanFunction}${rootAccessTasks}${inheritedTasks}${limitAccessTasks}${String.raw`
current=/root/currentimage.txt

current_image() {
  loaded=
  [ ! -f "$current" ] || read -r loaded <"$current" || :
  loaded=$(printf %s "$loaded" | tr -d '\r')
  [ "$loaded" != "$revision" ] || return 0
  if [ -n "$imported" ]; then
    put "$current" 0644 "$imported" 'written, because the image was made elsewhere'
  else
    fail "it names '$loaded', not '$revision'"
  fi
}

identity() {
  [ -s /etc/machine-id ] || fail 'there is no machine-id'
  set -- /etc/ssh/ssh_host_*_key
  [ -s "$1" ] || fail 'there are no host keys'
}

# A card that the image's configuration left down; DHCP then finds it. One without a cable, or that gets no address, is named.
interfaces() {
  for card in /sys/class/net/*; do
    [ -e "$card/device" ] && [ "$(cat "$card/type")" = 1 ] || continue
    name=$(basename "$card")
    if [ $(($(cat "$card/flags") & 1)) = 0 ]; then
      if ip link set dev "$name" up; then changed "$name is up"; else note "could not set $name up"; fi
    fi
    [ -n "$(ip -o addr show dev "$name" scope global)" ] || note "$name has no address"
  done
}

host_name() {
  old=$(cat /etc/hostname 2>/dev/null)
  put /etc/hostname 0644 "$host
" "was $old"
  printf %s "$host" >/proc/sys/kernel/hostname
  # Debian resolves its own name by this line.
  short=$(printf %s "$host" | sed 's/\..*//')
  names=$host
  [ "$short" = "$host" ] || names="$host $short"
  content=$( { grep -v '^127\.0\.1\.1[[:space:]]' /etc/hosts; echo "127.0.1.1 $names"; } 2>/dev/null)
  put /etc/hosts 0644 "$content
" 'its line in /etc/hosts'
}

# A service for the time knows it better than the management node.
set_time() {
  for service in systemd-timesyncd chrony chronyd ntp ntpsec ntpd openntpd; do
    [ ! -e "/etc/systemd/system/multi-user.target.wants/$service.service" ] &&
      [ ! -e "/etc/systemd/system/sysinit.target.wants/$service.service" ] || { skipped "$service keeps it"; return 0; }
  done
  difference=$((now - $(date +%s)))
  [ $difference -gt 5 ] || [ $difference -lt -5 ] || return 0
  if date -s "@$now" >/dev/null; then changed "set by $difference s"; else fail 'could not set the clock'; fi
}

leftovers() { delete 'leftovers of the capture' /var/lib/imprint /run/imprint/seal /run/imprint/seal.lock; }

vcl_post_load() {
  found=
  for hook in /usr/local/vcl/vcl_post_load /etc/init.d/vcl_post_load; do
    [ -x "$hook" ] || continue
    found=yes
    # 300 seconds, as in Apache VCL.
    timeout 300 "$hook" >&2 </dev/null && changed "$hook done" || fail "$hook ended with status $?"
  done
  [ -n "$found" ] || skipped 'there is none'
}

read_access
one_at_a_time 600
read_exclude_lists
revision=$1 host=$2 now=$3 ssh_from=$4 imported=$5
`}
${postLoadTasks.map(([name, call]) => `${name === REQUIRED ? 'required' : 'task'} ${name} ${call}`).join('\n')}
[ $failures = 0 ] || exit 1
task vcl-post-load vcl_post_load
`;

/** The tag, when everything else has succeeded. The rule of Apache VCL: blank lines and an older line of the same tag go, the new line comes last. */
export const statusScript = `${taskFunctions}${String.raw`
current=/root/currentimage.txt
status() {
  { grep -v -e '^[[:space:]]*$' -e '^vcld_post_load=' "$current"; date "+vcld_post_load=success (%Y-%m-%d %H:%M:%S)"; } >"$current.imprint-new"
  chmod 0644 "$current.imprint-new" && mv -f "$current.imprint-new" "$current" && changed 'vcld_post_load=success'
}
one_at_a_time 600
task status status
[ $failures = 0 ]
`}`;
