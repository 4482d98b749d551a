# shellcheck shell=bash
# What the machines of a cluster are made of: Kubernetes' own programs, built from its Go modules; the image of the
# process that holds a Pod's namespaces, from the C file in the same module; a root folder from Debian's packages. All
# of it is kept in the cache, by what it is made of.

KUBERNETES_PROGRAMS=(kubelet kube-apiserver kube-controller-manager kube-scheduler kube-proxy kubectl)
PAUSE_IMAGE=docker-bmo-base/pause:$KUBERNETES_VERSION

machine_suite() { printf 'forky\n'; }

machine_packages() {
  printf 'containerd,runc,containernetworking-plugins,etcd-server,docker-registry'
  printf ',iptables,iproute2,conntrack,socat,ca-certificates,kmod,procps,mount\n'
}

machine_root() {
  printf '%s/root-%s\n' "$CACHE" "$(printf '%s %s' "$(machine_suite)" "$(machine_packages)" | sha256sum | cut -c1-12)"
}

# programs_folder: the checksums of all modules are part of its name.
programs_folder() {
  printf '%s/kubernetes-%s-%s\n' "$CACHE" "$KUBERNETES_VERSION" \
    "$(cat "$HERE"/lib/kubernetes/go.{mod,sum} | sha256sum | cut -c1-12)"
}

# ensure_parts: whatever of them is missing. The build is so long that it waits for no other set-up, nor they for it.
ensure_parts() {
  local folder
  folder=$(programs_folder)
  [[ -e $folder/pause.tar ]] ||
    with_lock "$CACHE/kubernetes.lock" 3600 "builds Kubernetes below $CACHE" make_programs "$folder"
  [[ -d $(machine_root) ]] || with_cache make_machine_root
}

make_machine_root() {
  local root
  root=$(machine_root)
  # Whoever filled the cache before us may have made it.
  [[ ! -d $root ]] || return 0
  install_packages mmdebstrap
  need_space 2000 "a root folder for the nodes"
  step "a root folder for the nodes, from Debian $(machine_suite)" \
    debian_tree "$(machine_suite)" "$root" --include="$(machine_packages)"
}

# make_programs FOLDER: each program is kept as soon as it is built, so that one who is interrupted need not begin anew.
make_programs() {
  local program note=' (the first of them takes minutes)'
  [[ ! -e $1/pause.tar ]] || return 0
  command -v "${GO:-go}" >/dev/null || die "building Kubernetes needs go" "https://go.dev/doc/install"
  need_space 6000 "building Kubernetes"
  mkdir -p "$1" "$RUN"
  rm -f "$1"/*.part
  for program in "${KUBERNETES_PROGRAMS[@]}"; do
    [[ -x $1/$program ]] ||
      step "$program $KUBERNETES_VERSION, built from its Go module$note" build_program "$program" "$1"
    note=
  done
  step "the image $PAUSE_IMAGE, from its C file" make_pause "$1"
}

# build_program NAME FOLDER: one package at a time, since the machine has other things to do.
build_program() {
  local log=$RUN/kubernetes-build.log
  if ! (
    cd "$HERE/lib/kubernetes"
    GOFLAGS='' CGO_ENABLED=0 "${GO:-go}" build -mod=readonly -p 1 -trimpath -ldflags "$(version_flags)" \
      -o "$2/$1.part" "k8s.io/kubernetes/cmd/$1"
  ) </dev/null >"$log" 2>&1; then
    tail -n 8 "$log" >&2
    die "cannot build $1" "see $log; a proxy for Go modules has to be reachable"
  fi
  mv "$2/$1.part" "$2/$1"
}

# version_flags: without a version that they can parse, programs refuse to tell it to each other.
version_flags() {
  local name major minor
  IFS=. read -r major minor _ <<<"$KUBERNETES_VERSION"
  printf -- '-s -w'
  for name in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
    printf -- ' -X %s.git%s' "$name" "Version=v$KUBERNETES_VERSION" "$name" "Major=$major" "$name" "Minor=$minor"
  done
  printf '\n'
}

# make_pause FOLDER: an archive as docker save writes it, which containerd imports.
make_pause() {
  local work=$1/pause.part source layer
  install_packages gcc libc6-dev
  source=$(cd "$HERE/lib/kubernetes" && GOFLAGS='' "${GO:-go}" list -m -f '{{.Dir}}' k8s.io/kubernetes)
  rm -rf --one-file-system "$work"
  mkdir -p "$work/layer"
  gcc -Os -Wall -static -DVERSION="v$KUBERNETES_VERSION" -o "$work/layer/pause" "$source/build/pause/linux/pause.c"
  tar -C "$work/layer" --owner=0 --group=0 --mtime=@0 -cf "$work/layer.tar" pause
  rm -r "$work/layer"
  layer=$(sha256sum "$work/layer.tar" | cut -d' ' -f1)
  {
    printf '{"architecture":"%s","os":"linux",' "$("${GO:-go}" env GOARCH)"
    printf '"config":{"User":"65535:65535","Entrypoint":["/pause"]},'
    printf '"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' "$layer"
  } >"$work/config.json"
  printf '[{"Config":"config.json","RepoTags":["%s"],"Layers":["layer.tar"]}]' "$PAUSE_IMAGE" >"$work/manifest.json"
  tar -C "$work" -cf "$1/pause.tar.part" manifest.json config.json layer.tar
  rm -r "$work"
  mv "$1/pause.tar.part" "$1/pause.tar"
}
