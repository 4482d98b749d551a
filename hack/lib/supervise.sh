#!/usr/bin/env bash
# The first process of an engine: makes its mounts, then supervises what runs in them. Copied below the state folder and
# started by daemon.sh as
#
#   unshare --mount --pid --fork bash supervise.sh enter
#
# Mounts and processes of the engine are all in namespaces of their own, so the kernel removes them when this process
# ends, however it ends. A chroot is not enough: loading images needs pivot_root.
set -euo pipefail

: "${ROOT:?}" "${STATE:?}" "${RUN:?}" "${SOCKET:?}"

enter() {
  record_self
  make_mounts
  cd "$ROOT"
  pivot_root . mnt
  umount -l /mnt
  exec bash "$RUN/supervise.sh" watch
}

# record_self: /proc is still that of the host here, and so are its numbers.
record_self() {
  local line rest
  read -r line </proc/self/stat
  read -ra rest <<<"${line##*) }"
  printf '%s %s %s\n' "${line%% *}" "${rest[19]}" "$(</proc/sys/kernel/random/boot_id)" >"$RUN/pid.new"
  mv "$RUN/pid.new" "$RUN/pid"
}

make_mounts() {
  mount --rbind "$ROOT" "$ROOT"
  mount -t proc proc "$ROOT/proc"
  mount --rbind /sys "$ROOT/sys"
  mount --rbind /dev "$ROOT/dev"
  mount -t tmpfs -o mode=755 tmpfs "$ROOT/run"
  mount -t tmpfs -o mode=1777 tmpfs "$ROOT/tmp"
  mkdir -p "$ROOT/run/host" "$ROOT$STATE"
  mount --bind "$(dirname "$SOCKET")" "$ROOT/run/host"
  mount --bind "$STATE" "$ROOT$STATE"
  if [[ -d /lib/modules ]]; then
    mkdir -p "$ROOT/lib/modules"
    mount --bind /lib/modules "$ROOT/lib/modules"
  fi
  # An engine that Debian does not have replaces the one that it has.
  [[ -z ${DOCKERD:-} ]] || mount --bind "$DOCKERD" "$ROOT/usr/sbin/dockerd"
  share_host_files
}

# share_host_files: the engine resolves names and trusts certificates as the machine does.
share_host_files() {
  local resolv=/etc/resolv.conf upstream=/run/systemd/resolve/resolv.conf
  # The stub of systemd listens on a loopback address: no container reaches it.
  if [[ -e $upstream ]] && grep -qs '^nameserver 127\.0\.0\.53' $resolv; then
    resolv=$upstream
  fi
  bind_file $resolv /etc/resolv.conf
  bind_file /etc/hosts /etc/hosts
  bind_file /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
}

bind_file() {
  [[ -e $1 ]] || return 0
  # Only if it must be: removing a file unmounts it in every namespace, and another engine may share this root folder.
  if [[ ! -f $ROOT$2 || -L $ROOT$2 ]]; then
    rm -f "$ROOT$2"
    : >"$ROOT$2"
  fi
  mount --bind "$(realpath "$1")" "$ROOT$2"
}

# watch: until dockerd ends, by itself or because we are asked to end it. As the first process we also reap the orphans,
# which bash does by itself.
watch() {
  local engine registry=
  if [[ -e $RUN/registry.yml ]]; then
    docker-registry serve "$RUN/registry.yml" >>"$RUN/registry.log" 2>&1 &
    registry=$!
  fi
  dockerd --config-file "$RUN/daemon.json" &
  engine=$!
  # shellcheck disable=SC2064
  trap "kill $engine 2>/dev/null || true" TERM INT HUP
  while kill -0 "$engine" 2>/dev/null; do
    wait "$engine" || true
  done
  [[ -z $registry ]] || kill "$registry" || true
}

"$1"
