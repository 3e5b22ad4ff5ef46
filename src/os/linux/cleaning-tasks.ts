/** Shell functions that take away what must not be in an image: swap files, temporary files, logs, leases, mounts. */
export const cleaningTasks = String.raw`
unmount_nfs() {
  for target in $(awk '$3 ~ /^nfs4?$/ { print $2 }' /proc/mounts); do
    if umount "$target" 2>/dev/null || umount -f "$target" 2>/dev/null || umount -l "$target"; then
      changed "$target unmounted"
    else
      fail "could not unmount $target"
    fi
  done
  edit_file /etc/fstab 'temporary lines of fstab removed' "/$temporary_mark/ { next } { print }"
}

is_swap_file() {
  [ -f "$1" ] && [ "$(dd if="$1" bs=1 skip=4086 count=10 2>/dev/null | tr -d '\000')" = SWAPSPACE2 ]
}

remove_swap_files() {
  active=$(awk 'NR > 1 && $2 == "file" { print $1 }' /proc/swaps)
  named=$(awk '$1 !~ /^#/ && $3 == "swap" && $1 ~ /^\// && $1 !~ /^\/dev\// { print $1 }' /etc/fstab 2>/dev/null)
  # Written down first: once it is off, nothing else tells of a file that fstab does not name.
  known=/var/lib/imprint/swap-files
  [ -z "$active" ] || { mkdir -p -m 0700 /var/lib/imprint && printf '%s\n' $active >>$known && sync $known; }
  for file in $active; do
    swapoff "$file" || fail "could not turn $file off"
  done
  [ "$outcome" != failed ] || return 0
  for file in /swapfile /swap.img; do ! is_swap_file "$file" || named="$named $file"; done
  delete 'swap files' $(cat $known 2>/dev/null; printf '%s\n' $named | sort -u)
  rm -f $known
  edit_file /etc/fstab 'their lines of fstab removed' \
    '$1 !~ /^#/ && $3 == "swap" && $1 ~ /^\// && $1 !~ /^\/dev\// { next } { print }'
  partitions=$(awk 'NR > 1 && $2 == "partition" { printf " %s", $1 }' /proc/swaps)
  [ -z "$partitions" ] || note "swap partitions stay:$partitions"
}

# The directories of running services stay, because they would lose their private /tmp.
temporary_files() {
  set -- /tmp /var/tmp -xdev -mindepth 1 -depth ! -path '*/systemd-private-*' ! -name '.*-unix'
  before=$(find_but_excluded -print "$@" 2>/dev/null | wc -l)
  [ "$before" = 0 ] && return 0
  find_but_excluded -delete "$@" 2>/dev/null
  # A directory with something excluded in it stays.
  count=$((before - $(find_but_excluded -print "$@" 2>/dev/null | wc -l)))
  [ $count = 0 ] || changed "$count files and directories removed"
}

crash_dumps() {
  clean 'crash dumps' /var/crash/* /var/lib/systemd/coredump/* /core /core.*
}

# The history of packages stays: it tells what is installed in the image.
logs() {
  count=$(find_but_excluded '-print -exec rm -f {} +' /var/log -xdev \( -path /var/log/journal -o -path /var/log/apt -o -path /var/log/installer \) -prune -o \
    -type f \( -name '*.gz' -o -name '*.xz' -o -name '*.[0-9]' -o -name '*.[0-9][0-9]' -o -name '*.old' \
      -o -name '*-[0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9]' \) | wc -l)
  [ "$count" = 0 ] || changed "$count rotated logs removed"
  count=$(find_but_excluded '-print -exec truncate -s 0 {} +' /var/log -xdev \( -path /var/log/journal -o -path /var/log/apt -o -path /var/log/installer \) -prune -o \
    -type f -size +0 ! -name dpkg.log ! -name alternatives.log ! -name bootstrap.log | wc -l)
  [ "$count" = 0 ] || changed "$count logs emptied"
}

cloud_init() {
  command -v cloud-init >/dev/null || { skipped 'not installed'; return 0; }
  # What postLoad and the first-boot unit do; cloud-init would make other host keys after ours were printed.
  put /etc/cloud/cloud.cfg.d/99-imprint.cfg 0644 'ssh_deletekeys: false
ssh_genkeytypes: []
preserve_hostname: true
disable_root: false
' 'host keys and host name are no longer its task'
  [ -d /var/lib/cloud/instances ] || [ -e /var/lib/cloud/instance ] || return 0
  if cloud-init clean --logs >/dev/null; then changed cleaned; else fail 'cloud-init could not clean up'; fi
}

leases() {
  clean leases /var/lib/dhcp/*.leases /var/lib/dhclient/*.leases /var/lib/dhcpcd/*.lease /var/lib/NetworkManager/*.lease \
    /var/lib/NetworkManager/timestamps /var/lib/systemd/network/*
}

card_names() {
  clean 'rules that bind names to cards' /etc/udev/rules.d/70-persistent-net.rules /etc/udev/rules.d/75-persistent-net-generator.rules
}

root_leftovers() {
  private_keys
  clean 'leftovers of root' /root/.ssh/known_hosts /root/.ssh/known_hosts.old /root/VCL /root/*-v*.xml /root/reservation_info.json
}

# A name that a second machine would also have on the network, until postLoad gives it its own.
host_name() {
  is_excluded /etc/hostname || [ ! -s /etc/hostname ] || put /etc/hostname 0644 '' "was $(cat /etc/hostname)"
  edit_file /etc/hosts 'its line in /etc/hosts removed' '$1 == "127.0.1.1" { next } { print }'
}

# The name of a disk depends on its bus; the UUID of its file system does not.
disk_names() {
  for device in $(awk '$1 ~ /^\/dev\/(sd|vd|hd|xvd|nvme)/ { print $1 }' /etc/fstab 2>/dev/null); do
    uuid=$(blkid -s UUID -o value "$device")
    [ -n "$uuid" ] || { fail "$device of fstab has no UUID"; continue; }
    edit_file /etc/fstab "$device of fstab is now its UUID" "\$1 == \"$device\" { sub(/[^ \t]+/, \"UUID=$uuid\") } { print }"
  done
  case $(cat /proc/cmdline) in
    *root=/dev/[hsvxn]*) note 'the boot loader names the root disk: the image boots only on the same kind of bus' ;;
  esac
}
`;
