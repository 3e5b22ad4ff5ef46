import { rootAccessTasks } from './account-tasks.ts';
import { taskFunctions } from './task-report.ts';

/** In this order; `status` comes last and only when nothing that counts has failed. */
export const postLoadTasks = [
  ...['current-image', 'identity', 'hostname', 'root-password', 'root-keys', 'time', 'leftovers', 'vcl-post-load'],
  'status',
] as const;

/** Failures that Apache VCL tolerates too: scripts of the image's author. */
export const toleratedPostLoadTasks = ['vcl-post-load'];

/**
 * Arguments: name of the revision, host name, seconds since the epoch on the management node, content for currentimage.txt when the image was
 * made elsewhere (else empty). Standard input: root's access.
 */
export const postLoadScript = `${taskFunctions}${rootAccessTasks}${String.raw`
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

# The rule of Apache VCL: blank lines and an older line of the same tag go, the new line comes last.
status() {
  { grep -v -e '^[[:space:]]*$' -e '^vcld_post_load=' "$current"; date "+vcld_post_load=success (%Y-%m-%d %H:%M:%S)"; } >"$current.imprint-new"
  chmod 0644 "$current.imprint-new" && mv -f "$current.imprint-new" "$current" && changed 'vcld_post_load=success'
}

read_access
one_at_a_time 600
revision=$1 host=$2 now=$3 imported=$4
required current-image current_image
task identity identity
task hostname host_name
task root-password root_password
task root-keys root_keys
task time set_time
task leftovers leftovers
[ $failures = 0 ] || exit 1
task vcl-post-load vcl_post_load
task status status
`}`;
