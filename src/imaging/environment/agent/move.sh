# Chunks from the disks and onto them. The management node names those that are still to come, so a machine that was reset goes on where it was.

# The next chunk is read and packed while the one before it is sent.
read_chunks() {
  request GET /chunks || return
  mv /run/answer /run/chunks
  packer=
  {
    start_packing
    while take_packed; do
      start_packing
      request PUT "/chunk?$packed&epoch=$epoch" /run/chunk || { settle "$packer"; return; }
    done
  } 3< /run/chunks
}

start_packing() {
  IFS=$tab read -r device disk offset length extents <&3 || return 0
  printf '%s' "$extents" > /run/extents
  perl /imprint/extents.pl read "$device" /run/extents | zstd -q -3 -c > /run/packing &&
    sha256_of /run/packing > /run/packing.sha256 &
  packer=$!
}

# Returns 1 when there are no more.
take_packed() {
  [ "$packer" ] || return 1
  wait "$packer" || give_up "the disk $device cannot be read at $offset"
  packer=
  mv /run/packing /run/chunk
  packed="disk=$disk&offset=$offset&sha256=$(cat /run/packing.sha256)"
}

# A chunk is written while the next one is fetched.
write_chunks() {
  request GET /chunks || return
  mv /run/answer /run/chunks
  writer=
  while IFS=$tab read -r device disk offset sha256 extents <&3; do
    fetch_chunk "$disk" "$offset" "$sha256" || { settle "$writer"; return; }
    tell_written || return
    start_writing
  done 3< /run/chunks
  tell_written
}

start_writing() {
  mv /run/chunk /run/writing
  printf '%s' "$extents" > /run/extents
  zstd -dqc /run/writing | perl /imprint/extents.pl write "$device" /run/extents &
  writer=$!
  at=$offset written="disk=$disk&offset=$offset" onto=$device
}

tell_written() {
  [ "$writer" ] || return 0
  wait "$writer" || give_up "the disk $onto cannot be written at $at"
  writer=
  request POST "/written?$written&epoch=$epoch" /run/empty
}

# What the request that failed means is asked next: how the work beside it ended matters no more.
settle() { [ -z "$1" ] || wait "$1" || :; }

# What arrived as something else is fetched again.
fetch_chunk() {
  until request GET "/chunk?disk=$1&offset=$2" && mv /run/answer /run/chunk && [ "$(sha256_of /run/chunk)" = "$3" ]; do
    [ -e /run/chunk ] || return 1
    say "the chunk at $2 has arrived damaged"
    rm -f /run/chunk
  done
}

sha256_of() { openssl dgst -sha256 -r "$1" | cut -c 1-64; }
