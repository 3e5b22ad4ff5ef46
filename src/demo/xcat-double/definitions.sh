# Commands about what xCAT's tables say: lsdef, mkdef, chdef, nodels, tabdump and lsxcatd.

# Of the files of a node and of an image these are attributes of xCAT; the others are the machine's and the double's.
attributes='arch groups mac mgt os osarch osvers postscripts profile provmethod rootimgdir serialport status'

# Reads the arguments of the commands about definitions into the variables of its caller.
read_arguments() {
  type=node object='' names='' form=long pairs=()
  while [ $# -gt 0 ]; do
    case $1 in
      -t) type=$2; shift ;;
      -o) object=$2; shift ;;
      -i) names=$2; shift ;;
      -c) form=compact ;;
      -*) complain "Error: the double knows no option $1"; return 1 ;;
      *=*) pairs+=("$1") ;;
      *) object=$1 ;;
    esac
    shift
  done
  folder=$state/nodes
  [ "$type" = node ] || folder=$state/images
}

lsdef_command() {
  local type object names form pairs folder one rc=0 found=no
  read_arguments "$@" || return 1
  [ -n "$object" ] || { list_objects; return; }
  for one in ${object//,/ }; do
    if [ -d "$folder/$one" ]; then found=yes; "show_$form" "$one"; else complain_missing "$one"; rc=1; fi
  done
  [ "$found" = yes ] || say 'No object definitions have been found'
  return $rc
}

complain_missing() { complain "Error: [$host]: Could not find an object named '$1' of type '$type'."; }

list_objects() { (cd "$folder" && for one in *; do say "$one  ($type)"; done); }

attribute() { cat "$folder/$1/$2" 2>/dev/null; }

show_compact() {
  local name
  for name in ${names//,/ }; do say "$1: $name=$(attribute "$1" "$name")"; done
}

# What was asked for is shown empty where it is not set; what was not asked for is left out then.
show_long() {
  local name
  say "Object name: $1"
  for name in ${names//,/ }; do say "    $name=$(attribute "$1" "$name")"; done
  [ -z "$names" ] || return 0
  for name in $attributes; do [ ! -s "$folder/$1/$name" ] || say "    $name=$(attribute "$1" "$name")"; done
}

mkdef_command() {
  local type object names form pairs folder
  read_arguments "$@" || return 1
  if [ -d "$folder/$object" ]; then
    complain "Warning: [$host]: A definition for '$object' already exists. No changes will be made.  Run again with '-f' option to force replace."
    complain "Error: [$host]: 0 object definitions have been created or modified."
    return 1
  fi
  mkdir -p "$folder/$object"
  [ "$type" != node ] || new_machine "$object"
  write_pairs
}

# Somebody has put a machine there that nobody has switched on yet.
new_machine() {
  mkdir -p "$state/nodes/$1/root/etc"
  say "$1" >"$state/nodes/$1/root/etc/hostname"
  set_node "$1" power off
  set_node "$1" boot ''
}

chdef_command() {
  local type object names form pairs folder
  read_arguments "$@" || return 1
  [ -d "$folder/$object" ] || { complain_missing "$object"; return 1; }
  write_pairs
}

# A reader finds the value from before or the new one, never half of it.
write_pairs() {
  local pair file
  for pair in "${pairs[@]}"; do
    file=$folder/$object/${pair%%=*}
    printf '%s' "${pair#*=}" >"$file.new.$$" && mv -f "$file.new.$$" "$file"
  done
  say '1 object definitions have been created or modified.'
}

# NODE TABLE.COLUMN…: the column's name is that of the node's file. One alone is shown without its name.
nodels_node() {
  local node=$1 column
  shift
  if [ $# -eq 1 ]; then say "$node: $(node_file "$node" "${1#*.}")"; return; fi
  for column; do say "$node: $column: $(node_file "$node" "${column#*.}")"; done
}

tabdump_command() {
  [ "${1:-}" = site ] || { complain "Error: the double has no table ${1:-}"; return 1; }
  say '#key,value,comments,disable'
  say '"master","10.123.0.1",,'
}

lsxcatd_command() {
  [ "${1:-}" = -v ] || { complain "Error: the double knows no option ${1:-}"; return 1; }
  say 'Version 2.19.0 (git commit 7733d16f8)'
}
