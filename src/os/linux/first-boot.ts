/** A file that is placed in a guest. */
export interface GuestFile {
  /** Absolute in the guest. */
  readonly path: string;
  /** Permission bits: 0o644. */
  readonly mode: number;
  readonly content: string;
}

const BEGIN = 'IMPRINT-HOST-KEYS-BEGIN';
const END = 'IMPRINT-HOST-KEYS-END';
const LINE = 'IMPRINT-HOST-KEY';

/** What enables the unit: links in the targets' `.wants`, as `systemctl enable` makes them. */
export const firstBootUnit = 'imprint-first-boot.service';

/**
 * The unit and the script that give a loaded system its own identity before its SSH server starts, and that print its public host keys on
 * the serial console at every boot. Placed by the guest's build and by preCapture.
 */
export function firstBootFiles(): readonly GuestFile[] {
  return [
    { path: `/etc/systemd/system/${firstBootUnit}`, mode: 0o644, content: UNIT },
    { path: '/usr/local/lib/imprint/first-boot', mode: 0o755, content: SCRIPT },
  ];
}

/**
 * Host keys (`ssh-ed25519 AAAA…`) that the newest boot on a serial console printed; undefined when it printed none, or not all of them yet.
 * Lines of the kernel may stand between them, or have damaged one: each is printed twice, and carries the id of its boot.
 */
export function hostKeysOnConsole(text: string): readonly string[] | undefined {
  const [, boot = '', count = ''] = [...text.matchAll(new RegExp(`${BEGIN} ([0-9a-f]{32}) (\\d+)`, 'g'))].at(-1) ?? [];
  if (boot === '' || !text.includes(`${END} ${boot}`)) return undefined;
  // The closing `;` proves that no other output cut the line short.
  const line = new RegExp(`${LINE} ${boot} ((?:ssh|ecdsa|sk)-[a-z0-9@.-]+ [A-Za-z0-9+/]+=*) ;`, 'g');
  const keys = [...new Set([...text.matchAll(line)].map(([, key = '']) => key))];
  return keys.length > 0 && keys.length === Number(count) ? keys : undefined;
}

// The keys are printed at every boot, not only at the first: whoever starts the machine can then always verify it.
// systemd makes a machine-id for an empty file by itself and commits it; the script covers a system where it could not.
const UNIT = `[Unit]
Description=Make this system's own SSH host keys and print them on the console
Documentation=man:ssh-keygen(1)
DefaultDependencies=no
After=local-fs.target systemd-remount-fs.service systemd-random-seed.service
Before=ssh.service ssh.socket sshd.service sshd.socket sshd-keygen.target shutdown.target
Conflicts=shutdown.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/local/lib/imprint/first-boot
TimeoutStartSec=300

[Install]
WantedBy=multi-user.target ssh.service
`;

const SCRIPT = `#!/bin/sh
# Gives this system its own SSH host keys where they are missing, and prints the public ones on the serial console.
# Safe to run at every boot and after any cut.
export LC_ALL=C
umask 022

# A cut of the power can leave files without content.
find /etc/ssh -maxdepth 1 -name 'ssh_host_*' -size 0 -delete 2>/dev/null

configured_keys() {
  cat /etc/ssh/sshd_config.d/*.conf /etc/ssh/sshd_config 2>/dev/null |
    sed -n 's/^[[:space:]]*[Hh][Oo][Ss][Tt][Kk][Ee][Yy][[:space:]]\\{1,\\}\\([^[:space:]]*\\).*/\\1/p'
}

made=no
make_key() {
  [ -s "$1" ] && return 0
  case $1 in
    *ed25519*) type=ed25519 ;;
    *ecdsa*) type=ecdsa ;;
    *rsa*) type=rsa ;;
    *) return 0 ;;
  esac
  rm -f "$1" "$1.pub"
  ssh-keygen -q -t "$type" -N '' -C '' -f "$1" </dev/null && made=yes
}

keys=$(configured_keys)
if [ -n "$keys" ]; then
  for key in $keys; do make_key "$key"; done
else
  keys='/etc/ssh/ssh_host_ed25519_key /etc/ssh/ssh_host_ecdsa_key /etc/ssh/ssh_host_rsa_key'
  for key in $keys; do [ -s "$key" ] || made=yes; done
  ssh-keygen -A </dev/null >/dev/null
fi
for key in $keys; do
  [ ! -s "$key" ] || [ -s "$key.pub" ] || ssh-keygen -y -f "$key" >"$key.pub" </dev/null
done

if [ ! -s /etc/machine-id ]; then
  rm -f /var/lib/dbus/machine-id
  systemd-machine-id-setup >/dev/null 2>&1 || dbus-uuidgen --ensure=/etc/machine-id 2>/dev/null
fi
[ "$made" = no ] || sync

lines=
count=0
id=$(tr -d - </proc/sys/kernel/random/boot_id)
for key in $keys; do
  [ -s "$key.pub" ] || continue
  read -r type data _ <"$key.pub"
  lines="\${lines}${LINE} $id $type $data ;
"
  count=$((count + 1))
done

# Every console that the kernel writes to, because nobody knows which of them is being recorded. A message of
# the kernel can fall into a line, so the block is printed twice.
for console in $(cat /sys/class/tty/console/active 2>/dev/null) ttyS0; do
  case " $seen " in *" $console "*) continue ;; esac
  seen="$seen $console"
  case $console in tty[0-9]*) continue ;; esac
  [ -c "/dev/$console" ] || continue
  for _ in 1 2; do
    printf '\\n${BEGIN} %s %s\\n%s${END} %s\\n' "$id" "$count" "$lines" "$id" 2>/dev/null >"/dev/$console"
  done
done
exit 0
`;
