# nodeset: what a node does when it asks the network.

boot_words() { # OSIMAGE: os-arch-profile, not the image's name
  printf 'netboot %s-%s-%s' "$(image_file "$1" osvers)" "$(image_file "$1" osarch)" "$(image_file "$1" profile)"
}

nodeset_node() {
  local node=$1 target=${2:-}
  case $target in
    stat) say "$node: $(node_file "$node" boot)" ;;
    boot | offline) set_target "$node" "$target" ;;
    osimage=*) nodeset_osimage "$node" "${target#osimage=}" ;;
    shell) complain "Error: [$host]: Could not find genesis.kernel.x86_64 or legacy nbk.x86_64 files"; return 1 ;;
    *)
      # What the site has taught nodeset, in stock xCAT nothing.
      if grep -qx -- "$target" "$state/taught" 2>/dev/null; then set_target "$node" "$target"; else refuse_target "$target"; fi ;;
  esac
}

set_target() { set_node "$1" boot "$2"; say "$1: $2"; }

refuse_target() {
  case $1 in
    install | netboot | statelite)
      complain "Error: [$host]: The options \"install\", \"netboot\", and \"statelite\" have been deprecated, use \"osimage=<osimage_name>\" instead." ;;
    *) complain "Error: [$host]: Unknown state $1 requested" ;;
  esac
  return 1
}

nodeset_osimage() {
  local node=$1 image=$2
  [ -d "$state/images/$image" ] || { complain "Error: [$host]: Cannot find the OS image $image in the osimage table."; return 1; }
  if [ -e "$state/images/$image/unbuilt" ]; then
    complain "$node: [$host]: Error: Did you run \"genimage\" before running \"packimage\"? kernel cannot be found at $(image_file "$image" rootimgdir)/kernel on $host"
    complain "Error: [$host]: Failed to generate xnba configurations for some node(s) on $host. Check xCAT log file for more details."
    return 1
  fi
  set_node "$node" osimage "$image"
  # xCAT writes what the osimage says over the attributes of the node.
  set_node "$node" provmethod "$image"
  set_node "$node" profile "$(image_file "$image" profile)"
  set_node "$node" os "$(image_file "$image" osvers)"
  set_node "$node" arch "$(image_file "$image" osarch)"
  set_target "$node" "$(boot_words "$image")"
  [ -e "$state/nodes/$node/serialport" ] || complain "Warning: [$host]: rcons may not work since no serialport is specified for $node"
}
