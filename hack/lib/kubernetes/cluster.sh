# shellcheck shell=bash
# Starting and stopping a cluster, and asking what it is like.

# kube WORD...: kubectl, for our cluster. A machine that has gone leaves it waiting for minutes, and if we are killed
# meanwhile, it must not keep the lock held.
kube() {
  timeout 10 "$CLUSTER/programs/kubectl" --kubeconfig "$KUBECONFIG_FILE" --cache-dir "$CLUSTER/kubectl" "$@" 9>&-
}

start_cluster() {
  check_filesystem
  note_sysctls
  mkdir -p "$CLUSTER"
  chmod 700 "$CLUSTER"
  take_number
  ln -s "$(programs_folder)" "$CLUSTER/programs"
  start_registry
  make_certificates
  write_admin
  step "the control plane, until its API answers" start_control
  step "${NODES[*]}, until they are ready" start_nodes "${NODES[@]}"
  step "the account that Pods have, until it is there" await_account
  : >"$CLUSTER/complete"
}

write_admin() {
  (umask 077 && kubeconfig admin >"$KUBECONFIG_FILE")
}

start_control() {
  write_control
  spawn control
  connect_control "$(machine_pid control)"
  : >"$CLUSTER/control/connected"
  until_true 600 api_settled || failed control "the API does not answer at $(api_address)"
  ! machine_gone control || failed control "the control plane has ended"
}

# api_settled: whether it answers, or cannot any more.
api_settled() { machine_gone control || api_ready; }

api_ready() { kube get --raw /readyz >/dev/null 2>&1; }

# await_account: without it no Pod can be created. The controllers, of which one makes it, are the last to be at work.
await_account() {
  until_true 300 account_there || failed control "the controllers have not made the default service account"
}

account_there() { kube get serviceaccount default >/dev/null 2>&1; }

# start_nodes NODE...: all at once.
start_nodes() {
  local node since
  since=$(date -u +%Y-%m-%dT%H:%M:%SZ)
  for node in "$@"; do
    write_node "$node"
    spawn "$node"
    connect_node "$node" "$(machine_pid "$node")" "$(machine_pid control)"
    : >"$CLUSTER/$node/connected"
  done
  for node in "$@"; do
    until_true 900 node_settled "$node" "$since" || failed "$node" "$node does not become ready"
    ! machine_gone "$node" || failed "$node" "$node has ended"
  done
}

# node_settled NODE TIME: whether it has told the API since then that it is ready, or never will.
node_settled() { machine_gone "$1" || node_ready "$1" "$2"; }

# node_ready NODE [TIME]: what the API knows may be from before the node was killed. A node that is ready again is rid
# of its taints a moment later, and until then whatever Pod comes is thrown out.
node_ready() {
  local ready told taints of='.status.conditions[?(@.type=="Ready")]'
  read -r ready told taints < <(
    kube get node "$1" -o jsonpath="{$of.status} {$of.lastHeartbeatTime} {.spec.taints[*].effect}" 2>/dev/null
  ) || true
  [[ $ready == True && ! $told < ${2:-} && $taints != *NoExecute* ]]
}

# failed MACHINE MESSAGE: the end of its logs says why.
failed() {
  tail -qn 3 "$CLUSTER/$1/"{,*.}log >&2 || true
  die "$2" "see the logs in $CLUSTER/$1; hack/kubernetes down removes all of it"
}

# cluster_complete: whether all of it was started, from what would be started now, and runs.
cluster_complete() {
  local name
  [[ -e $CLUSTER/complete && $(readlink "$CLUSTER/programs") == "$(programs_folder)" ]] || return 1
  for name in "${MACHINES[@]}" relay; do
    machine_pid "$name" >/dev/null || return 1
  done
  api_ready
}

# cluster_exists: whether there is anything to remove.
cluster_exists() { [[ -e $CLUSTER ]] || sysctls_left; }

# stop_cluster: whatever there is of it, also if it was killed in the middle.
stop_cluster() {
  local name
  for name in "${NODES[@]}" control relay registry; do
    stop_machine "$name"
  done
  if owns_number; then
    # The kernel removes it, too, with the other end's network, but takes its time.
    ip link delete "bmo-k8s-$(cluster_number)" 2>/dev/null || until_true 100 no_interface ||
      die "the interface bmo-k8s-$(cluster_number) does not go" "ip link delete bmo-k8s-$(cluster_number)"
    rm "$NUMBERS/$(cluster_number)"
  fi
  rm -rf --one-file-system "$CLUSTER"
  restore_sysctls
}

no_interface() { [[ ! -e /sys/class/net/bmo-k8s-$(cluster_number) ]]; }
