# Requests to the management node, over TLS, for as long as it takes: it may be away, the network may be down.

say() { echo "Imprint: $*"; }

# The session's secret is made here, so that the exchange of the token can be repeated when its answer was lost.
open_session() {
  : > /run/empty
  secret=$(openssl rand -hex 32)
  printf '%s\n%s\n%s\n' "$token" "$secret" "$mac" > /run/introduction
  printf 'Authorization: Bearer %s\n' "$secret" > /run/session
  request POST /session /run/introduction || { say "the management node does not take this machine"; exit 1; }
  rm -f /run/introduction
}

# request METHOD PATH [BODY]: the answer is in /run/answer. Returns 1 when the request fits no work that is under way: ask what to do now.
request() {
  pause=1
  while :; do
    code=$(curl -sS --cacert /etc/imprint/authority.crt --connect-timeout 10 --speed-limit 1 --speed-time 60 \
      -H @/run/session -H Expect: -X "$1" ${3:+-T "$3"} -o /run/answer -w '%{http_code}' "$api$2" 2>/run/curl) || code=000
    case $code in
      200) return 0 ;;
      401) say "this session is over: $(cat /run/answer)"; exit 1 ;;
      409) say "$(cat /run/answer)"; return 1 ;;
      000) say "no answer: $(cat /run/curl)" ;;
      *) say "answer $code: $(head -c 300 /run/answer)" ;;
    esac
    sleep "$pause"
    pause=$((pause < 8 ? pause * 2 : 15))
  done
}

# A long look at one file system is no silence.
stay_in_touch() {
  while sleep 20; do
    curl -s --cacert /etc/imprint/authority.crt --max-time 20 -H @/run/session -X GET -o /dev/null "$api/alive" || :
    kill -0 $$ 2>/dev/null || exit
  done
}

# give_up WORDS: this cannot be done here, and again would end the same.
give_up() {
  say "$*"
  printf '%s\n' "$*" > /run/words
  request POST "/failed?epoch=$epoch" /run/words
  exit 1
}
