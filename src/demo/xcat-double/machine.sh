#!/bin/bash
# The machine behind a BMC: what power does to it. Arguments: state directory, node, on | off | softoff | reset.
# Its disk is nodes/N/disk; `repository` names the directory that the site's imaging environment reads and writes; nodes/N/domain a libvirt domain.
set -u
state=$1 node=$2 action=$3
own=$state/nodes/$node
put() { printf '%s' "$2" >"$own/$1.new.$$" && mv -f "$own/$1.new.$$" "$own/$1"; }
delay() { cat "$state/delay/$1" 2>/dev/null || echo 0; }
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
  gzip -c "$own/disk" >"$own/imaged"
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
  gzip -dc "$(cat "$state/repository")/$name.img.gz" >"$own/disk"
  put boot boot
  boot_disk
}

boot_disk() {
  happened boot
  put boots $(($(cat "$own/boots" 2>/dev/null || echo 0) + 1))
  put stage sshd
}

start() {
  new_life
  put power on
  put stage noping
  if [ -e "$own/domain" ]; then virsh --quiet start "$(cat "$own/domain")" >/dev/null; fi
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
  if [ -e "$own/domain" ]; then virsh --quiet destroy "$(cat "$own/domain")" >/dev/null 2>&1; fi
  return 0
}

case $action in
  on) [ "$(cat "$own/power")" = on ] || { happened on; start; } ;;
  off) [ "$(cat "$own/power")" = off ] || { happened off; stop; } ;;
  softoff)
    [ "$(cat "$own/power")" = on ] && [ ! -e "$own/deaf" ] || exit 0
    happened softoff
    if [ -e "$own/domain" ]; then virsh --quiet shutdown "$(cat "$own/domain")"; fi
    setsid bash -c 'sleep "$1"; exec bash "$2" "$3" "$4" fell' - "$(delay softoff)" "$0" "$state" "$node" >/dev/null 2>&1 </dev/null 9>&- &
    ;;
  fell) [ "$(cat "$own/power")" = off ] || { happened shutdown; stop; } ;;
  reset) happened reset; start ;;
  run_imaging | run_deployment) "$action" ;;
esac
