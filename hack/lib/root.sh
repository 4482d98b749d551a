# shellcheck shell=bash
# The root folder that the engine runs in. Each Debian suite has one release of
# the engine: whoever names a release gets the suite that has it. One that no
# suite has yet is built from its Go module, and runs in the newest suite.

# The first one is the default.
RELEASES=(28.5 29.9 26.1 20.10)

# root_suite RELEASE
root_suite() {
  case $1 in
    28.5 | 29.9) printf 'forky\n' ;;
    26.1) printf 'trixie\n' ;;
    20.10) printf 'bookworm\n' ;;
  esac
}

# root_packages RELEASE: the oldest brings its client along, and knows no buildx.
root_packages() {
  local client=,docker-cli,docker-buildx
  [[ $1 != 20.10 ]] || client=
  printf 'docker.io%s,containerd,runc,docker-registry,iptables,iproute2,ca-certificates,kmod,procps\n' "$client"
}

# our_release: the release that our engine was started with.
our_release() { cat "$RUN/release" 2>/dev/null || printf '%s\n' "${RELEASES[0]}"; }

# root_folder [RELEASE]: where it lies; that of our engine without RELEASE. What
# it is made of is part of the name.
root_folder() {
  local release=${1:-$(our_release)}
  printf '%s/root-%s\n' "$CACHE" \
    "$(printf '%s %s' "$(root_suite "$release")" "$(root_packages "$release")" | sha256sum | cut -c1-12)"
}

# dockerd_module RELEASE: the version of github.com/moby/moby/v2 that a release
# is built from, and what it is to call itself; nothing where Debian has it.
dockerd_module() {
  case $1 in
    29.9) printf 'v2.0.0-beta.24 29.9.0\n' ;;
  esac
}

# dockerd_binary RELEASE: the dockerd that takes the place of Debian's.
dockerd_binary() {
  local module
  module=$(dockerd_module "$1")
  [[ -z $module ]] || printf '%s/dockerd-%s\n' "$CACHE" "${module/ /-}"
}

# ensure_root RELEASE: makes what an engine of that release consists of.
ensure_root() {
  local binary
  [[ -d $(root_folder "$1") ]] || with_cache make_root "$1"
  binary=$(dockerd_binary "$1")
  [[ -z $binary || -x $binary ]] || with_cache make_dockerd "$1" "$binary"
}

make_root() {
  local root suite
  root=$(root_folder "$1") suite=$(root_suite "$1")
  # Whoever filled the cache before us may have made it.
  [[ ! -d $root ]] || return 0
  need_debian_root "setting up an engine"
  install_packages mmdebstrap
  need_space 3000 "the engine"
  step "a root folder for the engine, from Debian $suite" \
    debian_tree "$suite" "$root" --include="$(root_packages "$1")"
}

# make_dockerd RELEASE FILE
make_dockerd() {
  # Whoever filled the cache before us may have built it.
  [[ ! -x $2 ]] || return 0
  command -v "${GO:-go}" >/dev/null || die "building the engine $1 needs go" "https://go.dev/doc/install"
  need_space 3000 "building the engine"
  step "the engine $1, built from its Go module" build_dockerd "$1" "$2"
}

# build_dockerd RELEASE FILE: one package at a time, since the machine has other things to do.
build_dockerd() {
  local module=github.com/moby/moby/v2 version name part=$2.part.$$
  read -r version name < <(dockerd_module "$1")
  mkdir -p "$RUN"
  rm -rf --one-file-system "$2".part.*
  if ! GOBIN=$part GOFLAGS='' CGO_ENABLED=0 "${GO:-go}" install -p 1 -trimpath \
    -ldflags "-s -w -X $module/dockerversion.Version=$name" "$module/cmd/dockerd@$version" \
    </dev/null >"$RUN/dockerd.log" 2>&1; then
    rm -rf --one-file-system "$part"
    tail -n 8 "$RUN/dockerd.log" >&2
    die "cannot build the engine $1" "see $RUN/dockerd.log; a proxy for Go modules has to be reachable"
  fi
  mv "$part/dockerd" "$2"
  rmdir "$part"
}

# ensure_client RELEASE: a docker client of the engine's own version where there is none.
ensure_client() {
  ! command -v docker >/dev/null || return 0
  install -m 755 "$(root_folder "$1")/usr/bin/docker" /usr/local/bin/docker
  docker --version >/dev/null 2>&1 || {
    rm /usr/local/bin/docker
    die "there is no docker client" "install one, for instance Debian's docker-cli or docker.io"
  }
  say "   installed the docker client as /usr/local/bin/docker"
}
