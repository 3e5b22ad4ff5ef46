import { InvalidInputError } from '../../domain/errors.ts';
import type { StandardAccess } from '../operating-system.ts';

/** Shell functions: end every process of the user ids in `$ids`, each with a `|` before it. */
export const processTasks = String.raw`
processes_of_users() {
  [ -n "$ids" ] || return 0
  grep -lE "^Uid:([[:space:]]+[0-9]+)*[[:space:]]+(x$ids)([[:space:]]|$)" /proc/[0-9]*/status 2>/dev/null
}

end_processes() {
  killed=0 round=0
  while found=$(processes_of_users); [ -n "$found" ]; do
    round=$((round + 1))
    if [ $round -gt 50 ]; then fail "processes remain: $found"; return 0; fi
    for status in $found; do
      pid=$(IFS=/; set -- $status; echo "$3")
      kill -KILL "$pid" 2>/dev/null && killed=$((killed + 1))
    done
    sleep 0.2
  done
  [ $killed = 0 ] || changed "$killed processes of users ended"
}
`;

/**
 * Shell functions: log users off and delete their accounts; give root the standard access. `$accounts` is `*` for all human accounts, or names
 * with a space between. What is to be removed is written down first, so that a run that was cut finds the homes whose accounts are gone.
 */
export const accountTasks = `${processTasks}${String.raw`
removed=/var/lib/imprint/removed-users

choose_accounts() {
  mkdir -p -m 0700 /var/lib/imprint
  touch "$removed"
  while IFS=: read -r name _ uid _ _ home _; do
    [ "$uid" -gt 0 ] 2>/dev/null || continue
    case $accounts in
      '*') [ "$uid" -ge 1000 ] && [ "$uid" -lt 60000 ] || continue ;;
      *) case " $accounts " in *" $name "*) ;; *) continue ;; esac ;;
    esac
    grep -qxF "$name:$uid:$home" "$removed" || printf '%s:%s:%s\n' "$name" "$uid" "$home" >>"$removed"
  done </etc/passwd
  sync "$removed"
  ids=
  while IFS=: read -r _ uid _; do ids="$ids|$uid"; done <"$removed"
}

log_users_off() {
  choose_accounts
  while IFS=: read -r name uid _; do rm -f "/var/lib/systemd/linger/$name"; done <"$removed"
  end_processes
}

is_removable_home() {
  case $1 in *..*|*//*) return 1 ;; /home/?*|/export/home/?*|/users/?*) ;; *) return 1 ;; esac
  ! mountpoint -q "$1" || return 1
  case $(stat -f -c %T "$1" 2>/dev/null) in ext2/ext3|xfs|btrfs|zfs|f2fs|overlayfs|tmpfs) ;; *) return 1 ;; esac
}

delete_account() {
  if getent passwd "$1" >/dev/null; then
    message=$(userdel "$1" 2>&1 </dev/null) || userdel -f "$1" >/dev/null 2>&1 </dev/null
    if getent passwd "$1" >/dev/null; then fail "could not delete $1: $message"; return 0; fi
    changed "$1 deleted"
  fi
  if [ -d "$2" ] && is_excluded "$2"; then
    note "$2 stays: it is excluded"
  elif [ -d "$2" ] && ! is_removable_home "$2"; then
    note "$2 stays: it is no home on a local file system"
  elif [ -d "$2" ]; then
    rm -rf --one-file-system -- "$2" && changed "$2 removed" || fail "could not remove $2"
  fi
  for path in "/var/mail/$1" "/var/spool/mail/$1" "/var/spool/cron/crontabs/$1" "/var/spool/cron/$1" "/etc/sudoers.d/$1" \
    "/var/lib/AccountsService/users/$1" "/var/lib/systemd/linger/$1"; do
    [ ! -e "$path" ] || rm -rf -- "$path"
  done
}

delete_users() {
  while IFS=: read -r name _ home; do delete_account "$name" "$home"; done <"$removed"
  edit_file /etc/sudoers 'lines of Apache VCL in sudoers removed' "/$temporary_mark/ { next } { print }"
  [ "$accounts" = '*' ] || return 0
  # Homes of accounts that were deleted earlier; what belongs to root may be common data.
  for home in /home/*; do
    [ -d "$home" ] || continue
    owner=$(stat -c %u "$home")
    [ "$owner" -ge 1000 ] && [ "$owner" -lt 60000 ] && ! getent passwd "$owner" >/dev/null && is_removable_home "$home" && ! is_excluded "$home" || continue
    rm -rf --one-file-system -- "$home" && changed "$home removed, which had no account" || fail "could not remove $home"
  done
}
`}`;

/** Shell functions: `$root_hash` is a crypt(3) hash or empty, `$root_keys` the lines of authorized_keys. Both came by standard input. */
export const rootAccessTasks = String.raw`
root_password() {
  wanted=$root_hash
  # No password matches an asterisk; unlike a lock it leaves the keys valid under every configuration of PAM.
  [ -n "$wanted" ] || wanted='*'
  while IFS=: read -r name hash _; do [ "$name" != root ] || break; done </etc/shadow
  [ "$hash" != "$wanted" ] || return 0
  # printf is built in: nothing of this is ever an argument of a process.
  if printf 'root:%s\n' "$wanted" | chpasswd -e; then changed 'set to the standard one'; else fail 'chpasswd refused it'; fi
}

root_keys() {
  [ -n "$root_keys" ] || { fail 'no key was given'; return 0; }
  mkdir -p /root/.ssh && chmod 700 /root/.ssh
  put /root/.ssh/authorized_keys 0600 "$root_keys
" 'set to the standard ones'
  delete 'other list of keys' /root/.ssh/authorized_keys2
  chown root:root /root/.ssh /root/.ssh/authorized_keys
}

read_access() {
  IFS= read -r root_hash
  root_keys=$(cat)
}
`;

/**
 * Standard input of a script that calls `read_access`: the hash (or an empty line), then the keys. InvalidInputError when there is no key,
 * because nobody could reach the system any more, and for a value that is no single line.
 */
export function accessAsInput({ rootPasswordHash = '', authorizedKeys }: StandardAccess): string {
  const keys = authorizedKeys.map((key) => key.trim()).filter((key) => key !== '');
  if (keys.length === 0) throw new InvalidInputError('standard access: expected at least one authorised key');
  const lines = [rootPasswordHash, ...keys];
  if (lines.some((line) => /[\r\n]/.test(line)) || rootPasswordHash.includes(':'))
    throw new InvalidInputError('standard access: expected a crypt(3) hash and keys of one line each');
  return [...lines, ''].join('\n');
}
