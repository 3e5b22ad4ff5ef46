#!/bin/busybox sh
# First process of a machine that is imaged by hand: as the imaging environment's, up to what it does then.
/bin/busybox mkdir -p /applets /proc /sys /dev /run /tmp
/bin/busybox --install -s /applets
export PATH=/usr/sbin:/usr/bin:/sbin:/bin:/applets LC_ALL=C TERM=dumb
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev 2>/dev/null
mount -t tmpfs tmpfs /run
for word in $(cat /proc/cmdline); do
  case $word in server=*) server=${word#*=} ;; esac
done
. /imprint/start.sh
load_drivers
mac=CARD
start_network
curl -s -X POST "$server/begin"
set -o pipefail
COMMAND && curl -s -X POST "$server/end"
poweroff -f
