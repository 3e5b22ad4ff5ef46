# The agent: asks its management node what to do, does it, tells what came of it, and asks again. It knows a closed list of words, and decides nothing.
set -o pipefail
for part in api facts move steps; do . "/imprint/$part.sh"; done

tab=$(printf '\t')
open_session
stay_in_touch &
while :; do
  request GET /next || { sleep 2; continue; }
  IFS=$tab read -r epoch word first second third fourth < /run/answer
  case $word in
    facts) tell_facts "$first" ;;
    map) tell_map "$first" "$second" "$third" ;;
    read) move_chunks send ;;
    write) move_chunks take ;;
    step) take_step "$first" "$second" "$third" "$fourth" ;;
    off) exit 0 ;;
    *) give_up "the management node said '$word', which this environment does not know" ;;
  esac
done
