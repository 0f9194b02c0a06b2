# What the tests of this folder share: a clean Debian with systemd booted in a container, a real directory beside it, and what an
# administrator does there. Sourced by them, once `server` (the test's name) is set. Needs to be root; exit code 77: this machine makes or
# boots no such system, so that nothing can be shown.
# shellcheck shell=bash
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$here/../..
process=systemd-nspawn
. "$top/tests/lab/common.sh"

work=$(mktemp -d -t "muster-$server-XXXXXX")
root=$work/root leader=''
finish() {
  local code=$?
  if [ "$code" != 0 ] && [ "$code" != 77 ]; then
    tail -n 20 "$work/said" 2>/dev/null || true
    [ -z "$leader" ] || timeout 10 nsenter -t "$leader" -m -u -i -p -- journalctl --no-pager -n 60 -u muster 2>/dev/null || true
  fi
  [ -z "$leader" ] || kill -KILL "$leader" 2>/dev/null || true
  if [ -n "${container:-}" ]; then wait_until 10 eval '! kill -0 "$container" 2>/dev/null' || kill -KILL "$container" || true; fi
  [ ! -e "$work/lab" ] || "$top/tests/lab/slapd" down "$work/lab"
  rm -rf "$work"
}
trap finish EXIT

step() { printf -- '-- %s\n' "$*"; }
cannot_show() { echo "$*: $(tail -n 1 "$work/why" 2>/dev/null)"; exit 77; }
# A command in the running system.
inside() { nsenter -t "$leader" -m -u -i -p -- env -i PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 HOME=/root "$@"; }
show() { inside systemctl show -P "$1" muster; }
must() {  # WHAT COMMAND...
  local what=$1
  shift
  "$@" || fail "$what"
}
quietly() { "$@" >"$work/said" 2>&1 || { local code=$?; cat "$work/said" >&2; return $code; }; }
must_refuse() {  # WHAT WORDS COMMAND...: it fails, and its message has these words
  local what=$1 words=$2
  shift 2
  ! "$@" >"$work/said" 2>&1 && grep -qF "$words" "$work/said" || { cat "$work/said" >&2; fail "$what"; }
}
must_come() {  # WHAT COMMAND...: within a minute
  local what=$1
  shift
  wait_until 60 "$@" || fail "$what"
}
is() { [ "$(show "$1")" = "$2" ]; }
says() { [[ $(show StatusText) == *"$1"* ]]; }
has() { ldapsearch -x -LLL -o ldif-wrap=no -H "$URL" -D "$ADMIN_DN" -w "$ADMIN_PASSWORD" -b "$SUFFIX" "$1" 1.1 | grep -q '^dn:'; }
# A record of HR's export that is written anew as a whole, with another value.
hr() { awk -F, -v OFS=, -v id="$1" -v n="$2" -v v="$3" '$1 == id { $n = v } { print }' "$feed" >"$feed.new" && mv "$feed.new" "$feed"; }
audited() { inside muster audit export | wc -l; }

# PACKAGE.deb: boots a system with what this package depends on and what the tests use besides; one list for all tests, for the lab keeps
# one such system.
boot_system() {
  local needs
  needs=$(dpkg-deb -f "$1" Depends | tr ',' '\n' | sed -E 's/^ +//; s/[ (|].*$//; /^$/d' | paste -sd,)
  "$top/tests/lab/debian" copy "$root" "$needs,rpm,zsh" 2>"$work/why" || cannot_show "a clean system cannot be made here"
  systemd-nspawn -q -D "$root" --machine="muster-$$" --boot --console=read-only --register=no --keep-unit >"$work/console" 2>&1 </dev/null &
  container=$!
  wait_until 180 eval 'leader=$(pgrep -P "$container" | head -1) && [ -n "$leader" ]' || { cp "$work/console" "$work/why"; cannot_show "no system boots in a container here"; }
  wait_until 180 eval '[[ $(inside systemctl is-system-running 2>/dev/null || true) =~ running|degraded ]]' ||
    { cp "$work/console" "$work/why"; cannot_show "no system boots in a container here"; }
}

# PEOPLE [agree]: a company of so many whose directory is not yet as HR wants it, or is, and that directory.
make_company() {
  "$top/tests/support/company" --out "$work/company" --people "$1" --mode "${2:-off}" --url ldap://lab.invalid
  LOAD=$work/company/directory.ldif "$top/tests/lab/slapd" up "$work/lab"
  . "$work/lab/env"
}

# What is there, but for what every system writes by itself.
list_files() {
  local pruned=() f
  for f in dev proc run sys tmp var/log var/cache var/tmp root; do pruned+=(-path "$root/$f" -o); done
  find "$root" -xdev \( "${pruned[@]}" -false \) -prune -o -type f -printf '%P\n' -o -type l -printf '%P\n' -o -type d -printf '%P/\n' |
    grep -vE '^((old|new)\.(deb|rpm)|etc/(passwd|group|shadow|gshadow)-|etc/\.pwd\.lock|var/lib/(systemd|dpkg)/.*)$' | sort
}
# FILE, made by list_files: what has come since.
come_since() { list_files | comm -13 "$1" -; }

must_be_idle() {
  must "it runs" eval '! inside systemctl is-active -q muster'
  must "it is enabled" eval '! inside systemctl is-enabled -q muster 2>/dev/null'
  must "the example has a fault" quietly inside muster check --offline
  must "secrets are not for root alone" [ "$(stat -c %a:%u "$root/etc/muster/secrets")" = 700:0 ]
  must "the state is not its user's" [ "$(inside stat -c %a:%U:%G /var/lib/muster)" = 750:muster:muster ]
  must "the unit is more exposed than 1.5" quietly inside systemd-analyze security --no-pager --threshold=15 muster.service
}

# The company's configuration, in the folder $1 of the system, with state and feed in /var/lib/muster.
configure() {
  feed=$root/var/lib/muster/feed/hr.csv
  mkdir -p "$root$1" "$root/var/lib/muster/feed"
  cp "$work/company/muster.xml" "$work/company/mapping.d" -r "$root$1/"
  chmod -R a+rX "$root$1/muster.xml" "$root$1/mapping.d"
  sed -i -e "s#ldap://lab.invalid#$URL#" -e 's#path="feed/hr.csv"#path="/var/lib/muster/feed/hr.csv"#' -e 's#path="feed"#path="/var/lib/muster/feed"#' \
    -e 's#path="state.db"#path="/var/lib/muster/state.db"#' -e 's#path="events.jsonl"#path="/var/lib/muster/events.jsonl"#' "$root$1/muster.xml"
  cp "$work/company/feed/hr.csv" "$feed" && chmod -R a+rX "$root/var/lib/muster/feed"
  must "the secret is not kept" quietly inside muster secret set ldap-bind --config "$1/muster.xml" <"$work/company/secrets/ldap-bind"
  id=$(awk -F, 'NR > 1 && $2 == "Active" { print $1; exit }' "$feed")
}

must_follow() {  # WHEN
  must_come "it is not active $1" is ActiveState active
  must_come "it does not follow $1: $(show StatusText)" says following
}
must_do_its_job() {  # TITLE, that HR gives somebody
  hr "$id" 8 "$1"
  must_come "HR's new title does not arrive: $1" has "(&(employeeNumber=$id)(title=$1))"
}
must_stop_in_time() {
  local begun=$SECONDS
  inside systemctl stop muster
  must "it takes too long to stop" [ $((SECONDS - begun)) -le 10 ]
  must "it did not end well" is Result success
}
# The upgrade itself, and what must be as before: COMMAND...
must_upgrade() {
  local before pid
  before=$(audited) pid=$(show MainPID)
  must "it is not upgraded" quietly "$@"
  must_come "it is not started again by the upgrade" eval '[ "$(show MainPID)" != '"$pid"' ]'
  must_follow "after the upgrade"
  cmp -s "$work/good.xml" "$root/etc/muster/muster.xml" || fail "the configuration is another one"
  must_do_its_job "Chief Upgrader"
  must "records of the audit trail are gone" [ "$(audited)" -gt "$before" ]
  must "the audit trail is broken" quietly inside muster audit verify
}
