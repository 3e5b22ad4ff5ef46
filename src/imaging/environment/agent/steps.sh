# What is done to a disk before and after its chunks are written. Each succeeds when it is done twice, or after half of it.

take_step() {
  case $2 in
    clear) clear_disk "$3" ;;
    fix-gpt) sfdisk --relocate gpt-bak-std "$3" ;;
    grow-partition) grow_partition "$3" "$4" ;;
    grow-fs) grow_file_system "$3" "$4" ;;
    swap) make_swap "$3" "$4" ;;
    efi) put_fallback "$3" ;;
    host-keys) make_host_keys "$3" "$4" ;;
    *) echo "this environment does not know the step $2"; false ;;
  esac > /run/words 2>&1
  status=$?
  [ "$status" = 0 ] || say "$1 ($status): $(cat /run/words)"
  request POST "/result?id=$(printf '%s' "$1" | sed 's/ /%20/g; s/+/%2B/g; s|/|%2F|g')&status=$status&epoch=$epoch" /run/words
}

# Neither the old system nor half of a new one can boot from it.
clear_disk() {
  size=$(blockdev --getsize64 "$1")
  dd if=/dev/zero of="$1" bs=1048576 count=1 conv=fsync &&
    dd if=/dev/zero of="$1" bs=512 seek=$((size / 512 - 2048)) count=2048 conv=fsync
}

grow_partition() {
  vgchange -qan
  echo ', +' | sfdisk --no-reread -N "$2" "$1" || return
  partx -u "$1"
}

grow_file_system() {
  case $2 in
    ext[234])
      e2fsck -fy "$1"
      [ $? -le 1 ] && resize2fs "$1"
      ;;
    xfs) with_mounted "$1" xfs xfs_growfs /mnt ;;
    btrfs) with_mounted "$1" btrfs btrfs filesystem resize max /mnt ;;
    # Twice: it asks nothing, also of a file system that is marked to be checked.
    ntfs) ntfsresize -ff "$1" ;;
  esac
}

# with_mounted DEVICE TYPE COMMAND…: with the file system on /mnt, and on the disk again when it returns.
with_mounted() {
  device=$1 type=$2
  shift 2
  umount /mnt 2>/dev/null
  # One of several devices is mounted only when the kernel has seen all of them.
  [ "$type" != btrfs ] || btrfs device scan >/dev/null 2>&1
  mount -t "$type" "$device" /mnt || return
  "$@"
  outcome=$?
  umount /mnt && return "$outcome"
}

# The words are UUID and label, with a tab between; a hyphen stands for none.
# By its path: busybox has a smaller program of this name, and prefers it.
make_swap() {
  uuid=${2%%$tab*} label=${2#*$tab}
  [ "$uuid" = - ] && uuid=$(cat /proc/sys/kernel/random/uuid)
  if [ "$label" = - ]; then /sbin/mkswap -U "$uuid" "$1"; else /sbin/mkswap -U "$uuid" -L "$label" "$1"; fi
}

# Firmware without an entry for this disk starts EFI/BOOT/BOOTX64.EFI.
put_fallback() { with_mounted "$1" vfat copy_loader; }

copy_loader() {
  fallback=/mnt/EFI/BOOT/BOOTX64.EFI
  [ ! -e "$fallback" ] || { echo "note: $device has a loader in the fallback path"; return 0; }
  for loader in /mnt/EFI/*/shimx64.efi /mnt/EFI/*/grubx64.efi /mnt/EFI/systemd/systemd-bootx64.efi /mnt/EFI/Microsoft/Boot/bootmgfw.efi; do
    [ -e "$loader" ] || continue
    mkdir -p /mnt/EFI/BOOT && cp "$loader" "$fallback" || return
    case $loader in *shimx64.efi) cp "${loader%/*}"/grubx64.efi "${loader%/*}"/mmx64.efi /mnt/EFI/BOOT/ 2>/dev/null ;; esac
    echo "note: $device starts ${loader#/mnt/} by the fallback path"
    return 0
  done
  echo "note: $device has no loader that is known"
}

# Keys that are there stay; the image of a sealed system has none. A file system that this kernel cannot mount may be one of data.
make_host_keys() {
  vgchange -qay >/dev/null 2>&1
  mounted=no
  with_mounted "$1" "$2" keys_of_system
  outcome=$?
  [ "$mounted" = no ] || return "$outcome"
  echo "note: $1 ($2) cannot be mounted here: no system was looked for in it"
}

keys_of_system() {
  mounted=yes
  for root in /mnt /mnt/@ /mnt/root; do
    [ -d "$root/etc/ssh" ] && [ -e "$root/etc/os-release" -o -L "$root/etc/os-release" ] || continue
    ssh-keygen -A -f "$root" >&2 || return
    sync
    cat "$root"/etc/ssh/ssh_host_*_key.pub
    return
  done
  return 0
}
