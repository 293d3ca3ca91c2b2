# shellcheck shell=bash disable=SC2154 # backends-common.sh sets what is used here
# Part of deploy/backends: a set made of containers. Their names carry the id of
# the set, their data lives and dies with them. The verbs are those of
# backends-native.sh.

declare -A image=(
  [postgres]=postgres:17.9
  [redis]=redis:7.4.1
  [nats]=nats:2.14.5
  [mongodb]=mongo:8.0.26
)

engine() { timeout 120 docker "$@"; }

container() { printf 'loquat-%s-%s\n' "$set_id" "$1"; }

docker_answers() { command -v docker >/dev/null && timeout 20 docker info >/dev/null 2>&1; }

docker_install() {
  local name
  docker_answers || die "no Docker engine answers (docker info)"
  for name in "${members[@]}"; do
    engine image inspect "${image[$name]}" >/dev/null 2>&1 && continue
    say "pulling ${image[$name]}"
    timeout 1200 docker pull --quiet "${image[$name]}" >&2 || die "cannot pull ${image[$name]}"
  done
}

docker_create() {
  local name=$1 port inside options=() arguments=()
  port=$(recall "$name.port")
  case $name in
    postgres)
      inside=5432
      options=(--env POSTGRES_USER=loquat --env POSTGRES_DB=loquat
        --env POSTGRES_HOST_AUTH_METHOD=trust
        --env POSTGRES_INITDB_ARGS='--encoding=UTF8 --locale=C.UTF-8')
      arguments=(postgres -c fsync=on -c max_connections=300)
      ;;
    redis)
      inside=6379
      arguments=(redis-server --save '' --appendonly no --protected-mode no)
      ;;
    nats)
      inside=4222
      arguments=(--jetstream --store_dir /data)
      ;;
    mongodb)
      # The member of a replica set is reached by the same address from inside
      # and outside, hence the same port on both sides.
      inside=$port
      arguments=(mongod --port "$port" --bind_ip_all --replSet rs0)
      ;;
  esac
  engine create --name "$(container "$name")" --label "loquat.backends=$state" \
    --publish "127.0.0.1:$port:$inside" "${options[@]}" \
    "${image[$name]}" "${arguments[@]}" >/dev/null
}

docker_start() { engine start "$(container "$1")" >/dev/null; }

docker_stop() {
  docker_alive "$1" || return 0
  engine stop -t 10 "$(container "$1")" >/dev/null
}

docker_kill() {
  docker_alive "$1" || return 0
  engine kill "$(container "$1")" >/dev/null
}

# Asks for the id first: no such container is fine, an engine that does not answer is not.
docker_remove() {
  local id
  id=$(engine container ls --all --quiet --filter "name=^/$(container "$1")\$") || return
  if [[ -n $id ]]; then engine rm --force --volumes "$id" >/dev/null || return; fi
  rm -f -- "$state/$1".*
}

docker_alive() {
  [[ $(engine container inspect --format '{{.State.Running}}' "$(container "$1")" 2>/dev/null) == true ]]
}

# The engine publishes a port only if nobody else listens on it.
docker_owns_port() { docker_alive "$1"; }

docker_log() { engine logs --tail 20 "$(container "$1")"; }

docker_describe() { printf 'container %s (%s)' "$(container "$1")" "${image[$1]}"; }
