# shellcheck shell=bash disable=SC2034 # what is set here, others use
# Part of deploy/backends: messages, locks, ports and the state of one set.
#
# A set is a folder. Small files in it hold one value each:
#   mode           docker or native
#   NAME.port      the port the backend listens on, for as long as the set lives
#   NAME.made      there once the backend has been up
#   NAME.pid, NAME.home, NAME.log, mongodb.kind   see backends-native.sh

members=(postgres redis nats mongodb)

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
state=${LOQUAT_BACKENDS_DIR:-$repository/target/backends}
[[ $state == /* ]] || state=$PWD/$state
state=$(realpath -m -- "$state")
cache=${XDG_CACHE_HOME:-${HOME:?}/.cache}/loquat
# Names this set wherever its path cannot be used.
set_id=$(printf '%s' "$state" | sha256sum | cut -c1-12)

# --- messages (stdout belongs to the environment lines) -----------------------

say() { printf 'backends: %s\n' "$*" >&2; }

die() {
  say "$*"
  exit 1
}

# --- values of the set ---------------------------------------------------------

remember() { printf '%s\n' "$2" >"$state/$1"; }

# recall FILE [DEFAULT]
recall() {
  if [[ -e $state/$1 ]]; then
    cat "$state/$1"
  elif (($# > 1)); then
    printf '%s\n' "$2"
  else
    return 1
  fi
}

# The mode the set was made with; for a new one, the mode asked for or possible.
set_mode() {
  if [[ -e $state/mode ]]; then
    cat "$state/mode"
    return
  fi
  case ${LOQUAT_BACKENDS_MODE:-} in
    docker | native) printf '%s\n' "$LOQUAT_BACKENDS_MODE" ;;
    '') if docker_answers; then echo docker; else echo native; fi ;;
    *) die "LOQUAT_BACKENDS_MODE is docker or native, not $LOQUAT_BACKENDS_MODE" ;;
  esac
}

require_set() { [[ -e $state/mode ]] || die "no set in $state (deploy/backends up makes one)"; }

# `down` removes the whole folder, so `up` never moves into one with other things.
require_empty_state() {
  [[ ! -e $state || (-d $state && -z $(ls -A "$state")) ]] ||
    die "$state holds other things; set LOQUAT_BACKENDS_DIR to a folder of its own"
}

# --- locks ---------------------------------------------------------------------

# One command at a time changes a set. The lock lives outside of the set, for
# `down` removes that. Servers must not inherit file descriptor 9.
lock_set() {
  mkdir -p "$cache/locks"
  exec 9>"$cache/locks/$set_id"
  flock -w 600 9 || die "another deploy/backends has been busy with $state for too long"
}

lock_member() {
  require_set
  lock_set
  require_set
  mode=$(set_mode)
  [[ -e $state/$1.made ]] || die "$1 has not been up in this set"
}

# --- ports ---------------------------------------------------------------------

# A port nobody listens on, from below the range that the kernel hands out to
# outgoing connections and to "port 0", so that no test can be given it later.
free_port() {
  local port try
  for ((try = 0; try < 200; try++)); do
    port=$((20000 + (RANDOM * 32768 + RANDOM) % 12000))
    if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
      printf '%s\n' "$port"
      return
    fi
  done
  die "found no free port"
}
