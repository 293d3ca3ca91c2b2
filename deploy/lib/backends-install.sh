# shellcheck shell=bash disable=SC2154 # backends-common.sh sets what is used here
# Part of deploy/backends: what a native set needs, found or installed.
#
# PostgreSQL and Redis come from the distribution; nats-server and, where there
# is no mongod, FerretDB are built by Go, once, into the cache. Versions are in
# the file names, so a change of version here builds anew.

nats_version=2.15.2
ferretdb_version=1.24.2
nats_server=$cache/bin/nats-server-$nats_version
ferretdb=$cache/bin/ferretdb-$ferretdb_version

native_install() {
  [[ $(uname -s) == Linux ]] || die "native backends need Linux; elsewhere, start a Docker engine"
  mkdir -p "$cache/bin"
  # Two at once would build everything twice and stumble over dpkg's lock.
  (
    flock -w 1800 8 || die "another installation has been busy for too long"
    rm -rf "$cache"/build.* # left by one that was killed
    install_packages
    install_built nats-server "$nats_server" build_nats
    command -v mongod >/dev/null || install_built FerretDB "$ferretdb" build_ferretdb
  ) 8>"$cache/install.lock"
}

# --- distribution packages ---------------------------------------------------------

# The folder with initdb and postgres, which Debian does not put on PATH.
postgres_bin() {
  local folder found=
  if command -v postgres >/dev/null && command -v initdb >/dev/null; then
    dirname "$(command -v postgres)"
    return
  fi
  while IFS= read -r folder; do
    [[ -x $folder/postgres && -x $folder/initdb ]] && found=$folder
  done < <(printf '%s\n' /usr/lib/postgresql/*/bin /usr/pgsql-*/bin | sort -V)
  [[ -n $found ]] && printf '%s\n' "$found"
}

install_packages() {
  local missing=()
  postgres_bin >/dev/null || missing+=(postgresql)
  command -v redis-server >/dev/null || missing+=(redis-server)
  ((${#missing[@]})) || return 0
  if ((EUID != 0)) || ! command -v apt-get >/dev/null; then
    die "please install the servers of PostgreSQL 14+ and Redis 7+ first, on Debian and Ubuntu by
  sudo apt-get install --no-install-recommends ${missing[*]}
(none of them needs to run as a service), or start a Docker engine"
  fi
  say "installing ${missing[*]}"
  without_service_starts install_debs "${missing[@]}"
  # Nor at the next boot: we start our own servers, on our own ports.
  if command -v systemctl >/dev/null; then
    systemctl disable "${missing[@]}" >/dev/null 2>&1 || true
  fi
}

install_debs() {
  local apt=(apt-get -q -y -o DPkg::Lock::Timeout=300)
  export DEBIAN_FRONTEND=noninteractive
  timeout 1200 "${apt[@]}" install --no-install-recommends "$@" >&2 8>&- && return
  timeout 300 "${apt[@]}" update >&2 8>&- # stale or no lists: refresh, once more
  timeout 1200 "${apt[@]}" install --no-install-recommends "$@" >&2 8>&-
}

# Runs a command while Debian's policy-rc.d forbids packages to start services;
# one that is there already is left alone.
without_service_starts() (
  policy=/usr/sbin/policy-rc.d
  if [[ ! -e $policy ]]; then
    trap 'rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
  fi
  "$@"
)

# --- programs built by Go --------------------------------------------------------

# install_built TITLE FILE BUILDER: the builder writes to the path it is given,
# which becomes FILE only when whole.
install_built() {
  local title=$1 file=$2 builder=$3 work
  [[ -x $file ]] && return
  command -v go >/dev/null ||
    die "please install Go 1.25 or newer first (it builds $title), or start a Docker engine"
  say "building $title (once; takes minutes on a small machine)"
  work=$(mktemp -d "$cache/build.XXXXXX")
  if (cd "$work" && "$builder" "$work/built") >"$work/log" 2>&1 8>&-; then
    mv "$work/built" "$file"
    rm -rf "$work"
  else
    tail -n 20 "$work/log" >&2
    rm -rf "$work"
    die "building $title failed"
  fi
}

polite_go() { GOWORK=off nice -n 10 timeout 1500 go "$@"; }

build_nats() {
  GOBIN=$PWD polite_go install "github.com/nats-io/nats-server/v2@v$nats_version" &&
    mv nats-server "$1"
}

# `go install …@version` builds a FerretDB that panics at its start: it wants a
# version.txt that its Go module does not contain. So: a copy of the module
# with that file, built as its own main module, with the versions it was made for.
build_ferretdb() {
  local module
  module=$(polite_go mod download -json "github.com/FerretDB/FerretDB@v$ferretdb_version" |
    sed -n 's/^\t"Dir": "\(.*\)",\{0,1\}$/\1/p') &&
    cp -r "$module" source && chmod -R u+w source && cd source &&
    printf 'v%s\n' "$ferretdb_version" >build/version/version.txt &&
    polite_go build -trimpath -buildvcs=false -o "$1" ./cmd/ferretdb
}
