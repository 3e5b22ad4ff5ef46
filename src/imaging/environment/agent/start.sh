# What the environment needs before it can speak to its management node.

# A driver may make new devices, which need drivers themselves: virtio, SCSI, NVMe.
load_drivers() {
  for round in 1 2 3; do
    find /sys/devices -name modalias -exec cat {} + 2>/dev/null | sort -u | xargs /sbin/modprobe -qab 2>/dev/null
    sleep 1
  done
  /sbin/modprobe -qab sd_mod dm_mod 2>/dev/null
}

# Sets api, mac, address, token. The clock comes with it: a certificate cannot be verified in the wrong year.
read_command_line() {
  for word in $(cat /proc/cmdline); do
    case $word in
      imprint.api=*) api=${word#*=} ;;
      imprint.mac=*) mac=${word#*=} ;;
      imprint.address=*) address=${word#*=} ;;
      imprint.token=*) token=${word#*=} ;;
      imprint.time=*) date -s "@${word#*=}" >/dev/null ;;
    esac
  done
  export api mac token
}

# The card that booted, with the address that it booted with: the token is good for these. The client goes on in the background and renews its lease.
start_network() {
  # A management node that vanishes is noticed within a minute, not after two hours.
  echo 30 > /proc/sys/net/ipv4/tcp_keepalive_time
  echo 10 > /proc/sys/net/ipv4/tcp_keepalive_intvl
  echo 3 > /proc/sys/net/ipv4/tcp_keepalive_probes
  until card=$(card_of "$mac"); do
    echo "Imprint: there is no network card $mac yet"
    sleep 3
    load_drivers
  done
  ip link set lo up
  ip link set "$card" up
  until udhcpc -i "$card" ${address:+-r "$address"} -s /imprint/udhcpc.sh -t 4 -T 3 -n >/dev/null 2>&1; do
    echo "Imprint: no address on $card yet"
    sleep 2
  done
}

card_of() {
  for file in /sys/class/net/*/address; do
    [ "$(cat "$file")" = "$1" ] || continue
    file=${file%/address}
    echo "${file##*/}"
    return 0
  done
  return 1
}
