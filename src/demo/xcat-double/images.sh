# Commands that make images: imgcapture and packimage.

imgcapture_node() {
  local node=$1 image='' type=sysclone
  shift
  while [ $# -gt 0 ]; do
    case $1 in -o) image=$2; shift ;; -t) type=$2; shift ;; esac
    shift
  done
  [ "$type" = diskless ] || { refuse_sysclone; return 1; }
  can_capture "$node" "$image" && capture "$node" "$image"
}

# The management node of the double has no systemimager, as none has that nobody gave it to.
refuse_sysclone() {
  say "Checking if systemimager packages are installed on $host."
  complain "Error: [$host]: systemimager-server is not installed on the $host."
  complain "Error: [$host]: Can not configure Imager Server on $host."
}

can_capture() {
  local node=$1 image=$2
  [ -d "$state/images/$image" ] || { complain "Error: [$host]: Cannot find $image from the osimage table."; return 1; }
  if [ "$(node_file "$node" osvers)" != "$(image_file "$image" osvers)" ]; then
    complain "Error: [$host]: The 'osvers' or 'osarch' attribute of the \"$image\" table doesn't match the node's attribute"
    return 1
  fi
  [ "$(node_file "$node" power)" = on ] && [ "$(node_file "$node" stage)" = sshd ] ||
    { complain "Error: [$host]: The \"xdsh\" command fails to run on the $node"; return 1; }
}

capture() {
  local node=$1 directory temporary
  directory=$(image_file "$2" rootimgdir)
  temporary=$state/tmp/xcat_imgcapture.$$
  say "Capturing image on $node..."
  mkdir -p "$temporary" "$directory/rootimg"
  cp -a "$state/nodes/$node/root/." "$temporary/"
  pause imgcapture
  if [ "$due" = ssh-lost ]; then complain "Error: [$host]: The \"xdsh\" command fails to run \"$(reading_command "$temporary")\" on $node"; return 1; fi
  say "Transfering the image captured on $node back..."
  if [ "$due" = genimage ]; then complain "Error: [$host]: Can't run the \"genimage\" command for $(node_file "$node" osvers)"; return 1; fi
  cp -a "$temporary/." "$directory/rootimg/"
  rm -rf "$temporary"
  say 'Generating kernel and initial ramdisks...'
  say kernel >"$directory/kernel"; say initrd >"$directory/initrd-stateless.gz"
  say 'Done.'
}

# What xCAT runs on the node, whose system goes into the file.
reading_command() {
  printf 'cd /; find .'
  printf ' ! -path "./%s/*"' tmp proc sys dev xcatpost install
  printf ' |cpio -H newc -o |gzip -c - >%s' "$1"
}

packimage_command() {
  local directory
  [ -d "$state/images/$1" ] || { complain "Error: [$host]: Cannot find image '$1' from the osimage table."; return 1; }
  directory=$(image_file "$1" rootimgdir)
  say "Packing contents of $directory/rootimg"
  tar -C "$directory/rootimg" -czf "$directory/rootimg.cpio.gz" .
}
