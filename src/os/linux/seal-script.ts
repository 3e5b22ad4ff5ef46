import { excludeFunctions } from './exclude-list.ts';
import type { GuestFile } from './first-boot.ts';

/** Debian's initramfs mounts /run without execution, so it is given to sh. While it lies here a seal is under way; on a file system that no image holds. */
const SCRIPT_PATH = '/run/imprint/seal';

/** What tells one system from another, and what its users typed: the same list for the seal and for what finishes it at shutdown. */
const identityFunctions = String.raw`
host_keys() {
  cat /etc/ssh/sshd_config.d/*.conf /etc/ssh/sshd_config 2>/dev/null |
    sed -n 's/^[[:space:]]*[Hh][Oo][Ss][Tt][Kk][Ee][Yy][[:space:]]\{1,\}\([^[:space:]]*\).*/\1/p'
  ls /etc/ssh/ssh_host_*_key 2>/dev/null
}
remove_histories() {
  homes=$(awk -F: '$1 == "root" || ($3 >= 1000 && $3 < 60000) { print $6 }' /etc/passwd)
  for home in $homes; do
    [ -d "$home" ] || continue
    find "$home" -xdev -maxdepth 1 -type f \( -name '.*_history' -o -name '.*_history-*' -o -name '.histfile' -o -name .lesshst \
      -o -name .viminfo -o -name .wget-hsts -o -name .xsession-errors -o -name .sudo_as_admin_successful \) -delete
  done
}
remove_late_files() {
  rm -f /var/lib/systemd/random-seed /var/lib/urandom/random-seed
  for file in /var/log/wtmp /var/log/btmp /var/log/lastlog; do [ ! -s "$file" ] || : >"$file"; done
  rm -rf /var/log/journal/*
  rm -f /var/lib/dhcp/*.leases /var/lib/dhclient/*.leases /var/lib/dhcpcd/*.lease /var/lib/NetworkManager/*.lease
}
`;

/**
 * What ends access or would come back while the system runs. Argument: `off`, `on` or `reboot`. Runs detached from every session, may be run
 * again from any point. Host keys go last: until then a new connection can still start it again.
 */
export const sealScript = `#!/bin/sh
export LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
exec 9>/run/imprint/seal.lock
flock -n 9 || exit 0
${excludeFunctions}${identityFunctions}
# What writes logs, or works at times of its own, must not write any more. random-seed and utmp write when they stop.
loaded=$(systemctl list-units --all --plain --no-legend --type=service,timer,socket 2>/dev/null | awk '{ print $1 }' |
  grep -E '^(.*\\.timer|cron|crond|atd|anacron|rsyslog|syslog|unattended-upgrades|packagekit|systemd-random-seed|systemd-update-utmp)(\\.service|\\.socket)?$')
[ -z "$loaded" ] || timeout 60 systemctl stop $loaded

# Shells write their history when they end; killed ones do not. Only what has a terminal is an interactive session.
for directory in /proc/[0-9]*; do
  read -r line <"$directory/stat" 2>/dev/null || continue
  set -- $(printf '%s' "$line" | sed 's/^.*) //')
  [ "$5" != 0 ] || continue
  case $(cat "$directory/comm" 2>/dev/null) in agetty|getty|systemd*) continue ;; esac
  kill -KILL "$(basename "$directory")" 2>/dev/null
done

remove_histories
read_exclude_lists
find_but_excluded -delete /tmp /var/tmp -xdev -mindepth 1 -depth ! -path '*/systemd-private-*' ! -name '.*-unix' 2>/dev/null
command -v journalctl >/dev/null && timeout 60 journalctl --relinquish-var 2>/dev/null
remove_late_files

# An empty machine-id is filled at the next boot. 'uninitialized' would also enable every service that somebody had disabled.
umount /etc/machine-id 2>/dev/null
: >/etc/machine-id
[ -L /var/lib/dbus/machine-id ] || rm -f /var/lib/dbus/machine-id

for key in $(host_keys); do rm -f "$key" "$key.pub"; done
sync
case $END_STATE in
  off) systemctl --no-block poweroff || poweroff ;;
  reboot) systemctl --no-block reboot || reboot ;;
esac
`;

/**
 * Arguments: end state, the seal's script. Prints `started` or `running`. A unit of its own outlives the SSH connection; where there is no
 * systemd-run, a session of its own does.
 */
export const startSealScript = String.raw`
export LC_ALL=C
mkdir -p -m 0700 /run/imprint
exec 8>/run/imprint/seal.lock
if ! flock -n 8; then echo running; exit 0; fi
exec 8>&-
printf %s "$2" >${SCRIPT_PATH}.new && chmod 0700 ${SCRIPT_PATH}.new && mv -f ${SCRIPT_PATH}.new ${SCRIPT_PATH} || exit 1
systemctl reset-failed imprint-seal.service 2>/dev/null
if command -v systemd-run >/dev/null && [ -d /run/systemd/system ]; then
  message=$(systemd-run --quiet --collect --unit=imprint-seal --setenv=END_STATE="$1" sh ${SCRIPT_PATH} 2>&1) ||
    systemctl is-active --quiet imprint-seal.service || { echo "$message" >&2; exit 1; }
else
  END_STATE=$1 setsid sh ${SCRIPT_PATH} </dev/null >/run/imprint/seal.log 2>&1 &
fi
echo started
`;

/**
 * Finishes the seal when everything else has stopped and the root file system is read-only: what a service wrote at its own end. Does nothing
 * at any other shutdown, and leaves the file system alone when there is nothing to remove.
 */
export const sealHook: GuestFile = {
  path: '/lib/systemd/system-shutdown/imprint-seal',
  mode: 0o755,
  content: `#!/bin/sh
[ -e ${SCRIPT_PATH} ] || exit 0
export LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin
${identityFunctions}
came_back=
for file in /var/lib/systemd/random-seed /var/lib/urandom/random-seed /var/log/wtmp /var/log/btmp /root/.*_history /var/log/journal/* \\
  /etc/ssh/ssh_host_*_key /etc/machine-id; do
  [ ! -s "$file" ] || came_back="$came_back $file"
done
[ -n "$came_back" ] || exit 0
mount -o remount,rw / || exit 0
remove_histories
remove_late_files
rm -f /etc/ssh/ssh_host_*_key /etc/ssh/ssh_host_*_key.pub
: >/etc/machine-id
sync
mount -o remount,ro /
`,
};
