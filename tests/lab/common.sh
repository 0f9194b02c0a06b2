# What the lab's scripts share; sourced by them. Each has set `server` (its name) and `process` (what its processes are called).
# shellcheck shell=bash
shopt -s inherit_errexit
export LC_ALL=C
export PATH=/usr/sbin:/usr/bin:/sbin:/bin

fail() { echo "$server: $*" >&2; exit 1; }
usage() { fail "usage: $server up|start|stop|kill|down DIR"; }
pid_of() { cat "$dir/pid" 2>/dev/null || true; }
# A zombie is not alive, and process 1 may be slow to reap; one that just began may still be called by this script's name. Without
# other programs, for one that cannot be started would say that the server is gone.
alive() {
  local pid='' name='' stat=''
  { { read -r pid <"$dir/pid" || [ -n "$pid" ]; } && read -r name <"/proc/$pid/comm" && read -r stat <"/proc/$pid/stat"; } 2>/dev/null || return 1
  stat=${stat##*) }
  [[ $name =~ $process|setsid|${0##*/} && $stat != Z* ]]
}
wait_until() {  # SECONDS COMMAND...
  local end=$((SECONDS + $1))
  shift
  until "$@"; do
    [ $SECONDS -lt $end ] || return 1
    read -rt 0.05 <> <(:) || true
  done
}

# One look may err on a busy machine, and a server that is taken for gone while it starts fails the test that asked for it.
gone() { ! alive && ! wait_until 1 alive; }

# A port that nobody listens on, below those that outgoing connections are given.
free_port() {
  local port
  for _ in $(seq 200); do
    port=$((10000 + (RANDOM * 32768 + RANDOM) % 22000))
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port"; return; }
  done
  fail "no free port"
}

# Makes CA, server and client certificates in the folder $1; $2: what the server's certificate names. CERTIFICATE_FROM=DAY: valid from then
# on, for those whose clock is not the machine's.
certificates() {
  local names=$2 days=${CERTIFICATE_DAYS:-30}
  (
    cd "$1"
    [ -z "${CERTIFICATE_FROM:-}" ] || openssl() { faketime "$CERTIFICATE_FROM 00:00:00" openssl "$@"; }
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days "$days" -subj /CN=lab-ca -keyout ca.key -out ca.pem
    for who in server client; do
      openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/O=lab/CN=$who" -keyout $who.key -out $who.csr
      openssl x509 -req -in $who.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days "$days" -out $who.pem -extfile <(echo "subjectAltName=$names")
    done
  ) 2>/dev/null
}

# Making a server anew takes seconds, so what was made is kept and copied. `template NAME VERSION MAKE`: the folder in which the function
# MAKE once made it. Two at a time wait for each other; what was made by another script or for another version is not taken.
template() {
  local cache=${MUSTER_LAB_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/muster-lab} stamp made
  stamp=$(cat "$0" "${BASH_SOURCE[0]}" | sha256sum | cut -c1-12)
  made=$cache/$1-$2-$stamp
  mkdir -p "$cache"
  (
    flock 9
    [ ! -e "$made/.complete" ] || exit 0
    rm -rf "$cache/$1"-*
    mkdir -p "$made"
    "$3" "$made" >&2
    touch "$made/.complete"
  ) 9>"$cache/$1.lock"
  echo "$made"
}

# SIGNAL, to the process group or the process
end_with() {
  alive || return 0
  local pid
  pid=$(pid_of)
  kill -CONT "-$pid" 2>/dev/null || kill -CONT "$pid" 2>/dev/null || true
  kill "-$1" -- "-$pid" 2>/dev/null || kill "-$1" "$pid" 2>/dev/null || true
  wait_until 30 eval '! alive'
}
