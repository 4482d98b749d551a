# shellcheck shell=bash
# The machines of a cluster: the control plane and each node, in namespaces of their own, and the two processes that are
# outside of them, relay and registry. Each has a folder below the cluster's; when its first process ends, the kernel
# ends all others and removes its mounts and its network.

MACHINES=(control "${NODES[@]}")

# spawn NAME: starts it, and returns when its process is recorded.
spawn() {
  local folder=$CLUSTER/$1 tick isolate=()
  case $1 in
    relay) ;;
    registry) isolate=(unshare --mount) ;;
    *) isolate=(unshare --net --mount --pid --uts --fork) ;;
  esac
  mkdir -p "$folder"
  rm -f "$folder/pid" "$folder/connected"
  install -m 755 "$HERE/lib/kubernetes/inside.sh" "$folder/inside.sh"
  # An environment of its own, and no descriptor that would keep the lock held.
  # shellcheck disable=SC2046
  env -i $(machine_environment "$1") setsid --fork ${isolate[@]+"${isolate[@]}"} bash "$folder/inside.sh" "$1" \
    </dev/null >>"$folder/log" 2>&1 9>&-
  for ((tick = 0; tick < 100; tick++)); do
    ! machine_pid "$1" >/dev/null || return 0
    sleep 0.05
  done
  die "$1 does not start" "see $folder/log"
}

# machine_environment NAME: one word each.
machine_environment() {
  printf '%s\n' PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8
  printf '%s\n' "CLUSTER=$CLUSTER" "ROOT=$(machine_root)" "PROGRAMS=$CLUSTER/programs" "NET=$(cluster_net)"
  printf '%s\n' "API=$(api_address)" "REGISTRY=$(cluster_registry)" "GROUP=$(cgroup_name)"
  [[ $1 != node-* ]] || printf '%s\n' "ADDRESS=$(node_address "$1")"
}

# machine_pid NAME: of its first process; fails if it does not run.
machine_pid() { recorded_pid "$CLUSTER/$1/pid"; }

# stop_machine NAME: as pulling its plug does.
stop_machine() {
  local pid
  if pid=$(machine_pid "$1"); then
    kill -KILL "$pid"
    until_true 300 machine_gone "$1" || die "$1 does not end, process $pid"
  fi
  remove_groups "$1"
  rm -f "$CLUSTER/$1/pid"
}

machine_gone() { ! machine_pid "$1" >/dev/null; }

# until_true TENTHS COMMAND...: fails if it does not succeed in that time.
until_true() {
  local tick
  for ((tick = 0; tick < $1; tick++)); do
    ! "${@:2}" || return 0
    sleep 0.1
  done
  return 1
}

# cgroup_name: the cluster's folder in each hierarchy of control groups.
cgroup_name() { printf 'docker-bmo-kubernetes-%s\n' "$(cluster_number)"; }

# remove_groups NAME: those of a machine that has ended, from the innermost on.
remove_groups() {
  local top
  owns_number || return 0
  for top in /sys/fs/cgroup /sys/fs/cgroup/*; do
    [[ -d $top/$(cgroup_name)/$1 && ! -L $top ]] || continue
    until_true 50 remove_tree "$top/$(cgroup_name)/$1" || say "note: control groups are left: $top/$(cgroup_name)/$1"
    rmdir "$top/$(cgroup_name)" 2>/dev/null || true
  done
}

remove_tree() {
  find "$1" -depth -type d -exec rmdir {} + 2>/dev/null || true
  [[ ! -e $1 ]]
}

# A kubelet sets what it thinks best for the whole machine. The first cluster records here what was set before; the last
# one restores it.
SYSCTL_NOTE=/run/docker-bmo-kubernetes-sysctl
SYSCTLS=(vm.overcommit_memory vm.panic_on_oom kernel.panic kernel.panic_on_oops kernel.keys.root_maxkeys
  kernel.keys.root_maxbytes)

note_sysctls() {
  [[ ! -e $SYSCTL_NOTE ]] || return 0
  sysctl -e "${SYSCTLS[@]}" >"$SYSCTL_NOTE.new"
  mv "$SYSCTL_NOTE.new" "$SYSCTL_NOTE"
}

# sysctls_left: whether they are to be restored, since no cluster runs.
sysctls_left() { [[ -e $SYSCTL_NOTE ]] && ! clusters_left; }

restore_sysctls() {
  sysctls_left || return 0
  sysctl -q -p "$SYSCTL_NOTE"
  rm "$SYSCTL_NOTE"
}
