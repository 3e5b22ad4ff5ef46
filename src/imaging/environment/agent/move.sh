# Chunks from the disks and onto them. The management node names those that are still to come, so a machine that was reset goes on where it was.

read_chunks() {
  request GET /chunks || return
  mv /run/answer /run/chunks
  while IFS=$tab read -r device disk offset length extents <&3; do
    printf '%s' "$extents" > /run/extents
    perl /imprint/extents.pl read "$device" /run/extents | zstd -q -3 -c > /run/chunk ||
      give_up "the disk $device cannot be read at $offset"
    request PUT "/chunk?disk=$disk&offset=$offset&sha256=$(sha256_of /run/chunk)&epoch=$epoch" /run/chunk || return
  done 3< /run/chunks
}

write_chunks() {
  request GET /chunks || return
  mv /run/answer /run/chunks
  while IFS=$tab read -r device disk offset sha256 extents <&3; do
    printf '%s' "$extents" > /run/extents
    fetch_chunk "$disk" "$offset" "$sha256" || return
    zstd -dqc /run/chunk | perl /imprint/extents.pl write "$device" /run/extents ||
      give_up "the disk $device cannot be written at $offset"
    request POST "/written?disk=$disk&offset=$offset&epoch=$epoch" /run/empty || return
  done 3< /run/chunks
}

# What arrived as something else is fetched again.
fetch_chunk() {
  until request GET "/chunk?disk=$1&offset=$2" && mv /run/answer /run/chunk && [ "$(sha256_of /run/chunk)" = "$3" ]; do
    [ -e /run/chunk ] || return 1
    say "the chunk at $2 has arrived damaged"
    rm -f /run/chunk
  done
}

sha256_of() { openssl dgst -sha256 -r "$1" | cut -c 1-64; }
