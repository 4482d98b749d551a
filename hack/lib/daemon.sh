# shellcheck shell=bash
# Starting and stopping our engine.

# our_pid: the process id of our engine's supervisor; fails if it is not alive.
our_pid() { recorded_pid "$RUN/pid"; }

# started_here: whether our engine was started in this boot, and we have not stopped it.
started_here() { grep -qs " $(</proc/sys/kernel/random/boot_id)\$" "$RUN/pid"; }

# ours: whether the engine that docker uses is the one set up here.
ours() {
  our_pid >/dev/null && [[ $(docker info --format '{{.DockerRootDir}}' 2>/dev/null) == "$STATE"/* ]]
}

# our_store: the image store with which our engine was started.
our_store() { cat "$RUN/store" 2>/dev/null; }

# data_folder STORE RELEASE: an older engine cannot be trusted with a newer one's data.
data_folder() {
  if [[ $2 == "${RELEASES[0]}" ]]; then
    printf '%s/%s\n' "$STATE" "$1"
  else
    printf '%s/%s-%s\n' "$STATE" "$1" "$2"
  fi
}

# start_engine STORE RELEASE
start_engine() {
  prepare_run "$1" "$2"
  # An environment of its own, and no descriptor that would keep the lock held.
  # shellcheck disable=SC2046
  env -i $(environment) setsid --fork \
    unshare --mount --pid --fork bash "$RUN/supervise.sh" enter \
    </dev/null >>"$RUN/engine.log" 2>&1 9>&-
  wait_answer
}

prepare_run() {
  local data
  data=$(data_folder "$1" "$2")
  mkdir -p "$RUN" "$data" "$(dirname "$SOCKET")"
  printf '%s\n' "$1" >"$RUN/store"
  printf '%s\n' "$2" >"$RUN/release"
  check_filesystem
  rm -f "$RUN/pid"
  note_network
  make_second_network
  install -m 755 "$HERE/lib/supervise.sh" "$RUN/supervise.sh"
  prepare_registry
  daemon_json "$1" "$data" >"$RUN/daemon.json"
  : >"$RUN/engine.log"
}

# check_filesystem: overlay2 does not work on an overlay, as in most containers.
check_filesystem() {
  local kind
  kind=$(stat -f -c %T "$STATE")
  case $kind in
    overlayfs | tmpfs | ramfs | nfs | fuseblk)
      die "$STATE is on $kind, where the engine cannot keep its images" \
        "set DOCKER_BMO_STATE to a folder on a local disk (ext4, xfs or btrfs)"
      ;;
  esac
}

# environment: for the supervisor, one word each.
environment() {
  local name
  printf '%s\n' PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8
  printf '%s\n' "ROOT=$(root_folder)" "STATE=$STATE" "RUN=$RUN" "SOCKET=$SOCKET" "DOCKERD=$(dockerd_binary "$(our_release)")"
  for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY; do
    [[ -z ${!name:-} ]] || printf '%s=%s\n' "$name" "${!name}"
  done
}

# daemon_json STORE FOLDER
daemon_json() {
  local driver=overlay2 snapshotter=false group mirror
  [[ $1 != containerd ]] || { driver=overlayfs snapshotter=true; }
  group=$(getent group docker | cut -d: -f3) || true
  printf '{\n'
  printf '  "data-root": "%s",\n' "$2"
  printf '  "storage-driver": "%s",\n' "$driver"
  printf '  "features": {"containerd-snapshotter": %s},\n' "$snapshotter"
  ! mirror=$(registry_address) || printf '  "registry-mirrors": ["http://%s"],\n' "$mirror"
  [[ -z $BRIDGE ]] || second_daemon_json
  printf '  "group": "%s",\n' "${group:-0}"
  printf '  "hosts": ["unix:///run/host/%s"]\n' "$(basename "$SOCKET")"
  printf '}\n'
}

# answers: whether an engine answers on our socket.
answers() { DOCKER_HOST=unix://$SOCKET timeout 10 docker version >/dev/null 2>&1; }

# wait_answer: of the engine, and of its registry if it has one.
wait_answer() {
  local tick
  for ((tick = 0; tick < 900; tick++)); do
    if answers && { [[ ! -e $RUN/registry ]] || registry_answers; }; then
      return
    fi
    # The supervisor writes its process id as soon as it runs.
    ((tick < 50)) || our_pid >/dev/null || break
    sleep 0.1
  done
  grep -E 'level=(error|fatal)|rror:|ailed' "$RUN/engine.log" | tail -n 5 >&2 || true
  stop_engine
  die "the engine does not come up" "see $RUN/engine.log and $RUN/registry.log"
}

stop_engine() {
  local pid
  if pid=$(our_pid); then
    kill -TERM "$pid"
    # The end of a namespace's first process ends all processes in it.
    await_end 900 || { kill -KILL "$pid" && await_end 100; } || die "the engine does not end, process $pid"
  fi
  # If we have not started one in this boot, or another engine is in its place, what has the usual names is not ours.
  if started_here && ! answers; then
    remove_networks
    rm -f "$SOCKET"
  fi
  rm -f "$RUN/pid"
}

# await_end TENTHS
await_end() {
  local tick
  for ((tick = 0; tick < $1; tick++)); do
    our_pid >/dev/null || return 0
    sleep 0.1
  done
  return 1
}
