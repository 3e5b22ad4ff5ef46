# What the machine has, as its tools print it: the management node reads the outputs.

tell_facts() {
  [ "$1" != volumes ] || start_volumes
  facts "$1" > /run/facts
  request POST "/facts?epoch=$epoch" /run/facts
}

# The kernel hears of a partition table that was just written, and logical volumes get their devices.
start_volumes() {
  for path in $(disks); do partx -u "$path" 2>/dev/null; done
  vgchange -qay >/run/vgchange 2>&1 || say "$(cat /run/vgchange)"
}

facts() {
  for path in $(disks); do tell_disk "$path"; done
  [ "$1" != volumes ] || for dir in /sys/block/dm-*; do [ ! -d "$dir" ] || tell_volume "$dir"; done
  [ "$1" != volumes ] || tell_segments
  section end
}

# `only`: names of disks where not all are meant; tests give loop devices.
disks() {
  for name in $only; do echo "/dev/$name"; done
  [ -z "$only" ] || return 0
  for dir in /sys/block/*; do
    case ${dir##*/} in loop* | ram* | zram* | sr* | fd* | dm-* | md* | nbd*) continue ;; esac
    [ "$(cat "$dir/size")" -gt 0 ] && [ "$(cat "$dir/removable")" = 0 ] && echo "/dev/${dir##*/}"
  done
}

section() {
  printf '\n=== %s' "$1"
  shift
  for word; do printf '\t%s' "$word"; done
  printf '\n'
}

tell_disk() {
  dir=/sys/block/${1#/dev/}
  section disk "$1" "$(cat "$dir/dev")" $(($(cat "$dir/size") * 512)) "$(cat "$dir/queue/logical_block_size")" "$(serial_of "$dir")"
  section table "$1"; sfdisk -J "$1" 2>/dev/null
  section dump "$1"; sfdisk -d "$1" 2>/dev/null
  tell_content "$1"
  for part in "$dir"/*/partition; do
    [ -e "$part" ] || continue
    part=${part%/partition}
    path=/dev/${part##*/}
    section part "$1" "$path" "$(cat "$part/dev")" $(($(cat "$part/start") * 512)) $(($(cat "$part/size") * 512))
    tell_content "$path"
  done
}

tell_volume() {
  name=$(cat "$1/dm/name")
  section mapped "/dev/mapper/$name" "$(cat "$1/dev")" $(($(cat "$1/size") * 512)); dmsetup table "$name"
  tell_content "/dev/mapper/$name"
}

# What LVM has allocated, also for volumes that could not be activated; in bytes and extents.
tell_segments() {
  section segments lvm
  lvm pvs --segments --noheadings --nosuffix --units b --separator '|' \
    -o pv_name,pe_start,vg_extent_size,pvseg_start,pvseg_size,segtype 2>/run/pvs || say "$(cat /run/pvs)"
}

tell_content() {
  section probe "$1"; blkid -p -o export "$1" 2>/dev/null
  type=$(blkid -p -o value -s TYPE "$1" 2>/dev/null)
  case $type in
    ext[234]) section ext "$1"; dumpe2fs -h "$1" 2>/dev/null ;;
    xfs | btrfs | ntfs | vfat | exfat) section head "$1"; head_of "$1" "$type" | sha256sum ;;
  esac
}

# What changes when such a file system is written to: its superblock, the first allocations; of NTFS the first records of its master file table.
head_of() {
  dd if="$1" bs=65536 count=16 2>/dev/null
  [ "$2" = ntfs ] || return 0
  cluster=$(($(number_in "$1" 11 2) * $(number_in "$1" 13 1)))
  dd if="$1" bs="$cluster" skip="$(number_in "$1" 48 8)" count=$((65536 / cluster + 1)) 2>/dev/null
}

# number_in DEVICE OFFSET BYTES: as the processor reads it, little-endian.
number_in() { od -A n -t "u$3" -j "$2" -N "$3" "$1" | tr -d ' \n'; }

# virtio and NVMe tell it as text, SCSI and SATA in a page whose first four bytes are its header.
serial_of() {
  for file in "$1/serial" "$1/device/serial"; do
    [ -s "$file" ] && { tr -d '\n\t' < "$file" | sed 's/^ *//; s/ *$//'; return; }
  done
  # Its size is told as 0.
  [ -e "$1/device/vpd_pg80" ] && tail -c +5 "$1/device/vpd_pg80" | tr -d '\0\n\t' | sed 's/^ *//; s/ *$//'
}

# A file system that its program does not read is told with the program's last words, and read whole.
tell_map() {
  rm -f /run/map
  partclone."$2" -D -L /run/partclone.log -s "$3" -o /run/map > /run/words 2>&1
  status=$?
  [ "$status" = 0 ] || { say "partclone.$2 cannot map $3 ($status)"; cp /run/words /run/map; }
  request POST "/map?id=$1&status=$status&epoch=$epoch" /run/map
}
