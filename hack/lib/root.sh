# shellcheck shell=bash
# The root folder that the engine runs in: Debian forky has the newest engine.

ROOT_SUITE=forky
ROOT_PACKAGES=docker.io,docker-cli,docker-buildx,containerd,runc,docker-registry,iptables,iproute2,ca-certificates,kmod,procps

# root_folder: where it lies. What it is made of is part of the name.
root_folder() {
  printf '%s/root-%s\n' "$CACHE" "$(printf '%s %s' "$ROOT_SUITE" "$ROOT_PACKAGES" | sha256sum | cut -c1-12)"
}

ensure_root() {
  local root
  root=$(root_folder)
  [[ ! -d $root ]] || return 0
  need_debian_root "setting up an engine"
  install_packages mmdebstrap
  need_space 3000 "the engine"
  step "a root folder for the engine, from Debian $ROOT_SUITE" \
    debian_tree "$ROOT_SUITE" "$root" --include="$ROOT_PACKAGES"
}

# ensure_client: a docker client of the engine's own version where there is none.
ensure_client() {
  ! command -v docker >/dev/null || return 0
  install -m 755 "$(root_folder)/usr/bin/docker" /usr/local/bin/docker
  docker --version >/dev/null 2>&1 || {
    rm /usr/local/bin/docker
    die "there is no docker client" "install one, for instance Debian's docker-cli or docker.io"
  }
  say "   installed the docker client as /usr/local/bin/docker"
}
