#!/bin/bash
# The machine behind a BMC: what power does to it. Arguments: state directory, node, on | off | softoff | reset | look.
# Its disk is nodes/N/disk; `repository` names the directory that the site's imaging environment reads and writes. Where there is a program
# nodes/N/driver the machine is a real one: `start`, `stop` and `press` its power button, `alive`, `answers` (its sshd), `image` to standard
# output, `deploy` from standard input.
set -u
state=$1 node=$2 action=$3
own=$state/nodes/$node
put() { printf '%s' "$2" >"$own/$1.new.$$" && mv -f "$own/$1.new.$$" "$own/$1"; }
delay() { cat "$state/delay/$1" 2>/dev/null || echo 0; }
has_driver() { [ -x "$own/driver" ]; }
driver() { "$own/driver" "$@" 9>&-; }
happened() { printf '%s %s\n' "$node" "$*" >>"$state/events"; }

# What runs now ends with the power: a life is a number, and who finds another one is over.
life() { cat "$own/life" 2>/dev/null || echo 0; }
new_life() { put life $(($(life) + 1)); }

run_imaging() {
  local mine name target part
  mine=$(life)
  name=$(cat "$own/profile")
  target=$(cat "$state/repository")/$name.img.gz
  put stage ping
  happened imaging "$name"
  if [ -e "$own/imaging-fails" ]; then rm -f "$own/imaging-fails"; : >"$target"; : >"$(dirname "$target")/$name.img.capturefailed"; return; fi
  { if has_driver; then driver image; else cat "$own/disk"; fi; } | gzip -1 -c >"$own/imaged"
  : >"$target"
  for part in 1 2 3 4; do
    sleep "$(delay imaging)"
    [ "$(life)" = "$mine" ] || return
    [ ! -e "$own/imaging-stops" ] || return
    cat "$own/imaged" | head -c $(($(stat -c %s "$own/imaged") * part / 4)) >"$target"
  done
  : >"$(dirname "$target")/$name.img.capturedone"
}

run_deployment() {
  local mine name stage
  mine=$(life)
  name=$(cat "$own/profile")
  happened deployment "$name"
  for stage in 'installing prep' 'installing base (40%)' 'installing post scripts'; do
    put stage "$stage"
    sleep "$(delay deployment)"
    [ "$(life)" = "$mine" ] || return
    [ ! -e "$own/deployment-stops" ] || return
  done
  gzip -dc "$(cat "$state/repository")/$name.img.gz" | { if has_driver; then driver deploy; else cat >"$own/disk"; fi; }
  put boot boot
  boot_disk
}

boot_disk() {
  happened boot
  if has_driver; then driver start; : >"$own/booted"; fi
  put boots $(($(cat "$own/boots" 2>/dev/null || echo 0) + 1))
  put stage sshd
}

start() {
  new_life
  put power on
  put stage noping
  unplug
  case $(cat "$own/boot") in
    image) setsid bash "$0" "$state" "$node" run_imaging >/dev/null 2>&1 </dev/null 9>&- & ;;
    deploy) setsid bash "$0" "$state" "$node" run_deployment >/dev/null 2>&1 </dev/null 9>&- & ;;
    netboot*) happened netboot; put stage sshd ;;
    *) boot_disk ;;
  esac
}

stop() {
  new_life
  put power off
  unplug
}

# Whatever runs on a real machine ends with its power.
unplug() {
  rm -f "$own/booted"
  if has_driver; then driver stop; fi
}

# A real machine whose system has powered it off is off.
look() {
  [ -e "$own/booted" ] || return 0
  if ! driver alive; then happened shutdown; stop; elif driver answers; then put stage sshd; else put stage noping; fi
}

case $action in
  on) [ "$(cat "$own/power")" = on ] || { happened on; start; } ;;
  off) [ "$(cat "$own/power")" = off ] || { happened off; stop; } ;;
  softoff)
    [ "$(cat "$own/power")" = on ] && [ ! -e "$own/deaf" ] || exit 0
    happened softoff
    if [ -e "$own/booted" ]; then driver press; exit 0; fi
    setsid bash -c 'sleep "$1"; exec bash "$2" "$3" "$4" fell' - "$(delay softoff)" "$0" "$state" "$node" >/dev/null 2>&1 </dev/null 9>&- &
    ;;
  fell) [ "$(cat "$own/power")" = off ] || { happened shutdown; stop; } ;;
  reset) happened reset; start ;;
  look | run_imaging | run_deployment) "$action" ;;
esac
