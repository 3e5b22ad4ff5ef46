# What the double knows, and how it speaks. Read by client.sh and daemon.sh, which set `home`. Files below state:
#   nodes/N/{power,boot,bootdevice,mgt,bmc,profile,osimage,driver}  images/I/{osvers,osarch,profile,rootimgdir}
#   delay/VERB  faults/VERB  taught  running/N  log  overlaps
state=$home/state
machine=$home/double/machine.sh
host=vm

node_file() { cat "$state/nodes/$1/$2" 2>/dev/null; }
image_file() { cat "$state/images/$1/$2" 2>/dev/null; }
set_node() { printf '%s' "$3" >"$state/nodes/$1/$2.new.$$" && mv -f "$state/nodes/$1/$2.new.$$" "$state/nodes/$1/$2"; }

say() { printf '%s\n' "$*"; }
complain() { printf '%s\n' "$*" >&2; }

# Slow on purpose, in one place, so that a test can kill the client meanwhile.
pause() { [ -s "$state/delay/$1" ] && sleep "$(cat "$state/delay/$1")"; return 0; }
