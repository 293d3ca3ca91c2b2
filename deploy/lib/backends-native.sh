# shellcheck shell=bash disable=SC2154 # backends-common.sh sets what is used here
# Part of deploy/backends: a set made of server processes of this machine.
#
#   NAME.pid   process id
#   NAME.home  path of the data folder, which is also the process's working directory:
#              that is how we tell our server from a later process with its id. (The
#              start time in /proc would not do: on virtual machines it drifts.)
#   NAME.log   what the server wrote
#   mongodb.kind   mongod or ferretdb

# --- life of a member (the verbs deploy/backends dispatches to) ------------------

# native_create NAME: an empty data folder, initialised where the server wants that.
native_create() {
  local name=$1 home=$state/$1
  if [[ $name == postgres ]]; then home=$(postgres_home) || return; fi
  mkdir -p "$home" && remember "$name.home" "$home" || return
  case $name in
    postgres) (create_postgres "$home") >>"$state/postgres.log" 2>&1 ;;
    mongodb) remember mongodb.kind "$(command -v mongod >/dev/null && echo mongod || echo ferretdb)" ;;
  esac
}

# native_start NAME: returns at once; deploy/backends waits for it to be ready.
native_start() {
  local name=$1
  "run_$name" "$(recall "$name.port")" "$(recall "$name.home")"
}

# native_stop NAME: in good order, but surely. A paused process (SIGSTOP) could
# not take the signal, hence SIGCONT.
native_stop() {
  local name=$1 signal=TERM pid
  pid=$(native_pid "$name") || return 0
  # To PostgreSQL, TERM means "when the last client has left", INT means "now".
  if [[ $name == postgres ]]; then signal=INT; fi
  kill -"$signal" "$pid" 2>/dev/null || true
  kill -CONT "$pid" 2>/dev/null || true
  wait_gone "$name" 10 || native_kill "$name"
}

native_kill() {
  local name=$1 pid
  pid=$(native_pid "$name") || return 0
  kill -KILL "$pid" 2>/dev/null || true
  if ! wait_gone "$name" 10; then
    say "$name: process $pid does not end"
    return 1
  fi
}

native_remove() {
  local name=$1 home
  native_stop "$name" || return
  home=$(recall "$name.home" '')
  if [[ -n $home ]]; then
    wait_unused "$name" && rm -rf -- "$home" || return
  fi
  rm -f -- "$state/$name".*
}

native_alive() { native_pid "$1" >/dev/null; }

native_log() { recall "$1.log" 'it wrote nothing'; }

native_describe() {
  local pid
  pid=$(native_pid "$1") && printf 'pid %s' "$pid"
  [[ $1 == mongodb ]] && printf ' (%s)' "$(recall mongodb.kind '?')"
  return 0
}

# --- processes -----------------------------------------------------------------

# launch NAME COMMAND…: a process of its own session that outlives us. It notes
# its own id before it becomes the server, so there is no moment at which the
# server runs and `down` would not know of it.
launch() {
  local name=$1 home
  home=$(recall "$name.home")
  shift
  rm -f -- "$state/$name.pid"
  (
    exec </dev/null >>"$state/$name.log" 2>&1 9>&-
    cd "$home" || exit
    printf '%s\n' "$BASHPID" >"$state/$name.pid"
    exec setsid "$@"
  ) &
  # Until it can be recognised, or has ended already.
  until native_alive "$name" || ! kill -0 "$!" 2>/dev/null; do sleep 0.01; done
}

# native_pid NAME: the process id, if that process is still the one we started.
# A killed process with several threads is a zombie for a moment during which
# its last threads still hold the port; that is not over yet either.
native_pid() {
  local name=$1 pid home stat fields
  pid=$(recall "$name.pid" '') && home=$(recall "$name.home" '')
  [[ -n $pid && -n $home ]] || return 1
  if [[ $(as_owner "$name" readlink "/proc/$pid/cwd" 2>/dev/null) != "$home" ]]; then
    stat=$(cat "/proc/$pid/stat" 2>/dev/null) || return 1
    read -ra fields <<<"${stat##*) }" # the state and what follows it
    [[ ${fields[0]} == Z ]] && ((fields[17] > 1)) || return 1
  fi
  printf '%s\n' "$pid"
}

wait_gone() {
  local name=$1 end=$((SECONDS + $2))
  while native_alive "$name"; do
    ((SECONDS < end)) || return 1
    sleep 0.05
  done
}

# wait_unused NAME: until no process has its data folder as working directory.
# The children of a killed PostgreSQL do for a moment, until they notice.
wait_unused() {
  local name=$1 end=$((SECONDS + 10)) home
  home=$(recall "$name.home")
  while [[ -n $(as_owner "$name" find /proc/[0-9]*/cwd -maxdepth 0 -lname "$home" 2>/dev/null) ]]; do
    ((SECONDS < end)) || return 1
    sleep 0.05
  done
}

# native_owns_port NAME PORT: is the socket listening there one of our process?
native_owns_port() {
  local name=$1 pid inode
  pid=$(native_pid "$name") || return 1
  inode=$(awk -v address="0100007F:$(printf '%04X' "$2")" \
    '$2 == address && $4 == "0A" { print $10 }' /proc/net/tcp)
  [[ -n $inode && -n $(as_owner "$name" find "/proc/$pid/fd" -lname "socket:\[$inode\]" 2>/dev/null) ]]
}

# as_owner NAME COMMAND…: as the user the backend runs as, for in a container not
# even root may look into another user's /proc/PID.
as_owner() {
  local name=$1
  shift
  if [[ $name == postgres ]]; then "${as_postgres[@]}" "$@"; else "$@"; fi
}

# --- PostgreSQL: refuses to run as root ------------------------------------------

# What to put before a command to make it run as a user PostgreSQL accepts.
# (setpriv becomes the command; su and runuser would stay as its parent.)
as_postgres=()
if ((EUID == 0)); then as_postgres=(setpriv --reuid=postgres --regid=postgres --init-groups); fi

# Inside the set where that user can get there, else in a folder for temporary files.
postgres_home() {
  local parent
  for parent in "$state" "${TMPDIR:-/tmp}" /tmp; do
    if "${as_postgres[@]}" test -x "$parent"; then
      mktemp -d "$parent/postgres.XXXXXX"
      return
    fi
  done
}

# The trees are made without syncing, as a crash of the machine while making
# throw-away data costs nothing; the running server does sync (run_postgres).
create_postgres() {
  local home=$1 bin
  bin=$(postgres_bin) || return
  if ((EUID == 0)); then chown postgres: "$home" || return; fi
  cd "$home" &&
    "${as_postgres[@]}" "$bin/initdb" --pgdata="$home" --username=loquat --auth=trust \
      --encoding=UTF8 --locale=C.UTF-8 --no-sync &&
    "${as_postgres[@]}" "$bin/postgres" --single -F -D "$home" postgres <<<'CREATE DATABASE loquat'
}

# --- how each server is run: run_NAME PORT HOME ------------------------------------

# After a crash, postmaster.pid is left and PostgreSQL takes even the zombie of
# its predecessor for a running server. We know better, so the file goes.
run_postgres() {
  wait_unused postgres || return
  rm -f -- "$2/postmaster.pid"
  launch postgres "${as_postgres[@]}" "$(postgres_bin)/postgres" -D "$2" -p "$1" \
    -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=on -c max_connections=300
}

run_redis() {
  launch redis redis-server --bind 127.0.0.1 --port "$1" --dir "$2" --save '' --appendonly no \
    --daemonize no
}

run_nats() {
  cat >"$2/nats.conf" <<CONF
listen: "127.0.0.1:$1"
server_name: "loquat-$set_id"
jetstream {
  store_dir: "$2"
  sync_interval: "10s"
  max_memory_store: 256MB
  max_file_store: 4GB
}
CONF
  launch nats "$nats_server" --config "$2/nats.conf"
}

run_mongodb() {
  if [[ $(recall mongodb.kind) == mongod ]]; then
    launch mongodb mongod --dbpath "$2" --port "$1" --bind_ip 127.0.0.1 --replSet rs0
  else
    launch mongodb "$ferretdb" --listen-addr="127.0.0.1:$1" --debug-addr=- --telemetry=disable \
      --handler=sqlite --sqlite-url="file:$2/" --state-dir="$2" --log-level=WARN
  fi
}
