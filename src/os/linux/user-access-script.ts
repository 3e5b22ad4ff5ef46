import { processTasks } from './account-tasks.ts';
import { taskFunctions } from './task-report.ts';

/** The rules that are in force, and again after a restart of the machine. */
export const accessFile = '/etc/imprint/ssh-access.nft';

/** Loads them before there is a network. */
export const accessUnit = 'imprint-ssh-access.service';

/** Accounts below are the system's own; whoever ends their processes ends the system. */
const firstUserId = 1000;

const accountFunctions = String.raw`
# Sets uid; fails for an account that is no user's.
find_user() {
  uid=$(id -u -- "$user" 2>/dev/null) || return 1
  [ "$uid" -ge ${String(firstUserId)} ]
}
`;

/** Argument: the account. One line for each thing that stands in the way. */
export const checkAccessScript = `${taskFunctions}${accountFunctions}${String.raw`
user=$1
find_user || echo "there is no account $user with a user id from ${String(firstUserId)}"
command -v nft >/dev/null || echo 'there is no command nft: apt-get install nftables'
`}`;

const UNIT = `[Unit]
Description=Let SSH in only from where Imprint has opened it
DefaultDependencies=no
After=local-fs.target nftables.service
Before=network-pre.target shutdown.target
Wants=network-pre.target
Conflicts=shutdown.target
ConditionPathExists=${accessFile}

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=NFT -f ${accessFile}

[Install]
WantedBy=sysinit.target
`;

/**
 * Arguments: `open` or `close`, the account, management nodes with commas between. Standard input: the table, to which the management nodes are
 * added. Ends with what is in force, as one line of JSON.
 */
export const changeAccessScript = `${taskFunctions}${processTasks}${accountFunctions}${String.raw`
table=$(cat)
verb=$1 user=$2 managers=$3

# Whoever asks is one of them, by the address that the machine sees.
add_managers() {
  for name in $(printf %s "${'$'}{SSH_CONNECTION%% *},$managers" | tr ',' ' '); do
    found=$(getent ahosts "$name") || { note "$name is no known host"; continue; }
    for address in $(printf '%s\n' "$found" | awk '{ sub(/%.*/, "", $1); print $1 }' | sort -u); do
      case $address in *:*) set=managers6 ;; *) set=managers4 ;; esac
      table="$table
add element inet imprint $set { $address }"
    done
  done
}

rules() {
  add_managers
  printf '%s\n' "$table" | nft -c -f - || { fail 'nft refused the rules'; return 0; }
  put ${accessFile} 0600 "$table
" 'the rules are another'
  # Also where the file is as before: an earlier run may have been cut in between, or somebody has flushed the rules.
  nft -f ${accessFile} || fail 'nft could not load the rules'
}

after_restart() {
  [ -d /etc/systemd/system ] || { skipped 'there is no systemd'; return 0; }
  put /etc/systemd/system/${accessUnit} 0644 "$(printf %s '${UNIT}' | sed "s|NFT|$(command -v nft)|")
" 'its unit'
  mkdir -p /etc/systemd/system/sysinit.target.wants
  ln -sfn /etc/systemd/system/${accessUnit} /etc/systemd/system/sysinit.target.wants/${accessUnit}
}

# What the user has left for later must not come back either.
sessions() {
  find_user || { skipped "there is no account $user any more"; return 0; }
  rm -f "/var/lib/systemd/linger/$user"
  ids="|$uid"
  end_processes
}

one_at_a_time 60
required rules rules
task after-restart after_restart
[ "$verb" = open ] || task sessions sessions
nft -j list table inet imprint
[ $failures = 0 ]
`}`;
