/** Shell functions that take away what must not be in an image: swap files, temporary files, logs, leases, mounts. */
export const cleaningTasks = String.raw`
# edit_fstab TEXT AWK-PROGRAM: says TEXT when lines were changed.
edit_fstab() {
  [ -f /etc/fstab ] || return 0
  awk "$2" /etc/fstab >/etc/fstab.imprint-new || { fail 'could not read /etc/fstab'; return 0; }
  if cmp -s /etc/fstab /etc/fstab.imprint-new; then rm -f /etc/fstab.imprint-new; return 0; fi
  chmod 0644 /etc/fstab.imprint-new && mv -f /etc/fstab.imprint-new /etc/fstab && changed "$1"
}

unmount_nfs() {
  for target in $(awk '$3 ~ /^nfs4?$/ { print $2 }' /proc/mounts); do
    if umount "$target" 2>/dev/null || umount -f "$target" 2>/dev/null || umount -l "$target"; then
      changed "$target unmounted"
    else
      fail "could not unmount $target"
    fi
  done
  # Lines that were added for one reservation carry a mark: # imprint:temporary, or the comment of Apache VCL.
  edit_fstab 'temporary lines of fstab removed' '/#[ \t]*(imprint:temporary|[Aa]dded by VCL|VCL)/ { next } { print }'
}

is_swap_file() {
  [ -f "$1" ] && [ "$(dd if="$1" bs=1 skip=4086 count=10 2>/dev/null | tr -d '\000')" = SWAPSPACE2 ]
}

remove_swap_files() {
  active=$(awk 'NR > 1 && $2 == "file" { print $1 }' /proc/swaps)
  named=$(awk '$1 !~ /^#/ && $3 == "swap" && $1 ~ /^\// && $1 !~ /^\/dev\// { print $1 }' /etc/fstab 2>/dev/null)
  for file in $active; do
    swapoff "$file" || fail "could not turn $file off"
  done
  [ "$outcome" != failed ] || return 0
  for file in /swapfile /swap.img; do ! is_swap_file "$file" || named="$named $file"; done
  delete 'swap files' $(printf '%s\n' $active $named | sort -u)
  edit_fstab 'their lines of fstab removed' \
    '$1 !~ /^#/ && $3 == "swap" && $1 ~ /^\// && $1 !~ /^\/dev\// { next } { print }'
  partitions=$(awk 'NR > 1 && $2 == "partition" { printf " %s", $1 }' /proc/swaps)
  [ -z "$partitions" ] || note "swap partitions stay:$partitions"
}

# The directories of running services stay, because they would lose their private /tmp.
temporary_files() {
  count=$(find /tmp /var/tmp -xdev -mindepth 1 ! -path '*/systemd-private-*' ! -name '.*-unix' -print 2>/dev/null | wc -l)
  find /tmp /var/tmp -xdev -mindepth 1 -depth ! -path '*/systemd-private-*' ! -name '.*-unix' -delete 2>/dev/null
  [ "$count" = 0 ] || changed "$count files and directories removed"
}

crash_dumps() {
  delete 'crash dumps' /var/crash/* /var/lib/systemd/coredump/* /core /core.*
}

# The history of packages stays: it tells what is installed in the image.
logs() {
  count=$(find /var/log -xdev \( -path /var/log/journal -o -path /var/log/apt -o -path /var/log/installer \) -prune -o \
    -type f \( -name '*.gz' -o -name '*.xz' -o -name '*.[0-9]' -o -name '*.[0-9][0-9]' -o -name '*.old' \
      -o -name '*-[0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9]' \) -print -delete | wc -l)
  [ "$count" = 0 ] || changed "$count rotated logs removed"
  count=$(find /var/log -xdev \( -path /var/log/journal -o -path /var/log/apt -o -path /var/log/installer \) -prune -o \
    -type f -size +0 ! -name dpkg.log ! -name alternatives.log ! -name bootstrap.log -print -exec truncate -s 0 {} + | wc -l)
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
  delete leases /var/lib/dhcp/*.leases /var/lib/dhclient/*.leases /var/lib/dhcpcd/*.lease /var/lib/NetworkManager/*.lease \
    /var/lib/NetworkManager/timestamps /var/lib/systemd/network/*
}

card_names() {
  delete 'rules that bind names to cards' /etc/udev/rules.d/70-persistent-net.rules /etc/udev/rules.d/75-persistent-net-generator.rules
}

root_leftovers() {
  delete 'private keys and leftovers of root' /root/.ssh/id_* /root/.ssh/known_hosts /root/.ssh/known_hosts.old /root/VCL /root/*-v*.xml
}

# The name of a disk depends on its bus; the UUID of its file system does not.
disk_names() {
  for device in $(awk '$1 ~ /^\/dev\/(sd|vd|hd|xvd|nvme)/ { print $1 }' /etc/fstab 2>/dev/null); do
    uuid=$(blkid -s UUID -o value "$device")
    [ -n "$uuid" ] || { fail "$device of fstab has no UUID"; continue; }
    edit_fstab "$device of fstab is now its UUID" "\$1 == \"$device\" { sub(/[^ \t]+/, \"UUID=$uuid\") } { print }"
  done
  case $(cat /proc/cmdline) in
    *root=/dev/[hsvxn]*) note 'the boot loader names the root disk: the image boots only on the same kind of bus' ;;
  esac
}
`;
