# shellcheck shell=bash
# The root folder that the engine runs in. Each Debian suite has one release of
# the engine: who names a release gets the suite that has it.

RELEASES=(28.5 26.1 20.10)

# root_suite RELEASE
root_suite() {
  case $1 in
    28.5) printf 'forky\n' ;;
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

# ensure_root RELEASE
ensure_root() {
  [[ -d $(root_folder "$1") ]] || with_cache make_root "$1"
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
