# shellcheck shell=bash
# Starting and stopping the engine that is ours.

# our_pid: the process id of our engine's supervisor; fails when it is not
# alive. A number alone could be another process's by now, so the start time
# and the boot are compared too.
our_pid() {
  local pid start boot line rest
  read -r pid start boot 2>/dev/null <"$RUN/pid" || return 1
  [[ $boot == "$(</proc/sys/kernel/random/boot_id)" ]] || return 1
  { read -r line <"/proc/$pid/stat"; } 2>/dev/null || return 1
  read -ra rest <<<"${line##*) }"
  [[ ${rest[0]} != Z && ${rest[19]} == "$start" ]] || return 1
  printf '%s\n' "$pid"
}

# start_engine STORE
start_engine() {
  local pid
  prepare_run "$1"
  rm -f "$RUN/pid"
  # A clean environment, and nothing inherited that would keep a lock or a pipe open.
  # shellcheck disable=SC2046
  env -i $(environment) setsid --fork \
    unshare --mount --pid --fork bash "$RUN/supervise.sh" enter \
    </dev/null >>"$RUN/engine.log" 2>&1 {lock}>&-
  wait_engine
  printf '%s\n' "$1" >"$RUN/store"
}

# environment: what the supervisor gets, a word each.
environment() {
  local name
  printf '%s\n' PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8
  printf '%s\n' "ROOT=$(root_folder)" "STATE=$STATE" "RUN=$RUN" "SOCKET=$SOCKET" "BRIDGE=$BRIDGE" "POOL=$POOL"
  for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY; do
    [[ -z ${!name:-} ]] || printf '%s=%s\n' "$name" "${!name}"
  done
}

prepare_run() {
  mkdir -p "$RUN" "$STATE/$1" "$(dirname "$SOCKET")"
  check_filesystem
  install -m 755 "$HERE/lib/supervise.sh" "$RUN/supervise.sh"
  write_registry_config
  daemon_json "$1" >"$RUN/daemon.json"
  : >"$RUN/engine.log"
}

# check_filesystem: overlay2 cannot lie on an overlay, as in most containers.
check_filesystem() {
  local kind
  kind=$(stat -f -c %T "$STATE")
  case $kind in
    overlayfs | tmpfs | nfs | fuseblk | ramfs)
      die "$STATE is on $kind, where the engine cannot keep images" \
        "set DOCKER_BMO_STATE to a folder on a local disk (ext4, xfs or btrfs)" ;;
  esac
}

# daemon_json STORE
daemon_json() {
  local driver=overlay2 snapshotter=false group
  [[ $1 != containerd ]] || { driver=overlayfs snapshotter=true; }
  group=$(getent group docker | cut -d: -f3) || true
  printf '{\n'
  printf '  "data-root": "%s",\n' "$STATE/$1"
  printf '  "storage-driver": "%s",\n' "$driver"
  printf '  "features": {"containerd-snapshotter": %s},\n' "$snapshotter"
  [[ ! -e $RUN/registry.yml ]] ||
    printf '  "registry-mirrors": ["http://127.0.0.1:%s"],\n' "$REGISTRY_PORT"
  [[ -z $BRIDGE ]] || printf '  "bridge": "%s",\n' "$BRIDGE"
  [[ -z $POOL ]] || printf '  "default-address-pools": [{"base": "%s", "size": 24}],\n' "$POOL"
  printf '  "group": "%s",\n' "${group:-0}"
  printf '  "hosts": ["unix:///run/host/%s"]\n' "$(basename "$SOCKET")"
  printf '}\n'
}

wait_engine() {
  local until=$((SECONDS + 90))
  until DOCKER_HOST=unix://$SOCKET timeout 10 docker version >/dev/null 2>&1; do
    sleep 0.2
    # The supervisor notes its process id within moments of its start.
    if ((SECONDS > until)) || { ((SECONDS > until - 80)) && ! our_pid >/dev/null; }; then
      grep -E 'level=(error|fatal)|^failed|rror:' "$RUN/engine.log" | tail -n 5 >&2 || true
      die "the engine does not come up" "see $RUN/engine.log"
    fi
  done
}

stop_engine() {
  local pid tick
  if pid=$(our_pid); then
    kill -TERM "$pid"
    for ((tick = 0; tick < 600; tick++)); do
      our_pid >/dev/null || break
      sleep 0.1
    done
    # The end of a namespace's first process is the end of all in it.
    if our_pid >/dev/null; then
      say "   the engine does not stop, killing it"
      kill -KILL "$pid"
    fi
  fi
  remove_networks
  rm -f "$RUN/pid" "$RUN/store"
  [[ ! -S $SOCKET ]] || DOCKER_HOST=unix://$SOCKET timeout 10 docker version >/dev/null 2>&1 || rm -f "$SOCKET"
}
