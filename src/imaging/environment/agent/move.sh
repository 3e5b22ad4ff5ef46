# move_chunks send|take: chunks from the disks, or onto them.
move_chunks() {
  perl /imprint/move.pl "$1" "$api" "$epoch" 2> /run/words
  status=$?
  case $status in
    0) ;;
    3) exit 1 ;;
    *)
      words=$(tail -n 3 /run/words)
      give_up "${words:-the program that moves chunks ended with $status}"
      ;;
  esac
}
