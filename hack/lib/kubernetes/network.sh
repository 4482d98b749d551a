# shellcheck shell=bash
# The network of a cluster: a namespace for the control plane, with a bridge, and one for each node, connected to it.
# This machine has one interface at the bridge, and no other rule, route or setting is changed: so it reaches the API,
# the nodes and their ports at their own addresses, while nothing in the cluster reaches anything beyond it.
#
#   10.N.0.1           the control plane; 10.N.0.254 this machine
#   10.N.0.11, .12     the nodes
#   10.N.65.0/24, .66  the Pods of each node, all of them in 10.N.64.0/18
#   10.N.128.0/20      Services

# The cluster has the number that its state folder leads to, unless another one has it already.
CLUSTER_NUMBERS=({190..209})

# A link for each number that is taken, to the cluster's folder.
NUMBERS=/run/docker-bmo-kubernetes

# take_number: one that no other cluster has, and of which this machine has no interface and no route.
take_number() {
  local count=${#CLUSTER_NUMBERS[@]} from step n
  mkdir -p "$NUMBERS"
  from=$((16#$(sha256sum <<<"$STATE" | cut -c1-4) % count))
  for ((step = 0; step < count; step++)); do
    n=${CLUSTER_NUMBERS[(from + step) % count]}
    # Of a cluster whose folder has gone.
    [[ -e $NUMBERS/$n ]] || rm -f "$NUMBERS/$n"
    if [[ ! -e /sys/class/net/bmo-k8s-$n ]] && ! routed "$n" && ln -sT "$CLUSTER" "$NUMBERS/$n" 2>/dev/null; then
      printf '%s\n' "$n" >"$CLUSTER/number"
      return
    fi
  done
  die "no addresses are free for a cluster: 10.${CLUSTER_NUMBERS[0]}.0.0 to 10.${CLUSTER_NUMBERS[-1]}.0.0 are in use" \
    "end a cluster that is not needed: hack/kubernetes down; see: ip route"
}

cluster_number() { cat "$CLUSTER/number" 2>/dev/null; }

# owns_number: whether what is named by the cluster's number is the cluster's: it may have been killed before it had
# one, or in an earlier boot.
owns_number() { cluster_number >/dev/null && [[ $(readlink "$NUMBERS/$(cluster_number)") == "$CLUSTER" ]]; }

# clusters_left: whether there is any on this machine.
clusters_left() {
  local link
  for link in "$NUMBERS"/*; do
    [[ ! -e $link ]] || return 0
  done
  return 1
}

cluster_net() { printf '10.%s\n' "$(cluster_number)"; }
api_address() { printf '%s.0.1\n' "$(cluster_net)"; }
# node_index NODE
node_index() { printf '%s\n' "${1##*-}"; }
node_address() { printf '%s.0.%s\n' "$(cluster_net)" $((10 + $(node_index "$1"))); }
pod_subnet() { printf '%s.%s.0/24\n' "$(cluster_net)" $((64 + $(node_index "$1"))); }

# in_net PID COMMAND...: in the network of that process.
in_net() { nsenter --net="/proc/$1/ns/net" "${@:2}"; }

# connect_control PID: makes the bridge, and this machine's interface. Who comes back has the same hardware address as
# before, and the bridge does not change its own as nodes come and go: neighbors remember what they have learnt.
connect_control() {
  local host node
  host=bmo-k8s-$(cluster_number)
  in_net "$1" ip link set lo up
  in_net "$1" ip link add cluster address 02:00:00:00:00:01 type bridge
  in_net "$1" ip addr add "$(api_address)/24" dev cluster
  in_net "$1" ip link set cluster up
  ip link add "$host" type veth peer name host netns "$1"
  in_net "$1" ip link set host master cluster up
  ip addr add "$(cluster_net).0.254/24" dev "$host"
  ip link set "$host" up
  # What leads nowhere is refused at once.
  in_net "$1" sysctl -qw net.ipv4.ip_forward=1
  in_net "$1" ip route add unreachable default
  for node in "${NODES[@]}"; do
    in_net "$1" ip route add "$(pod_subnet "$node")" via "$(node_address "$node")"
  done
}

# connect_node NODE PID CONTROL: with the bridge of the control plane, whose process is CONTROL.
connect_node() {
  local other
  in_net "$2" ip link set lo up
  # Of the same node, killed just now.
  in_net "$3" ip link delete "$1" 2>/dev/null || true
  in_net "$3" ip link add "$1" type veth peer name eth0 address "02:00:00:00:00:1$(node_index "$1")" netns "$2"
  in_net "$3" ip link set "$1" master cluster up
  in_net "$2" ip addr add "$(node_address "$1")/24" dev eth0
  in_net "$2" ip link set eth0 up
  in_net "$2" ip route add default via "$(api_address)"
  for other in "${NODES[@]}"; do
    [[ $other == "$1" ]] || in_net "$2" ip route add "$(pod_subnet "$other")" via "$(node_address "$other")"
  done
  in_net "$2" sysctl -qw net.ipv4.ip_forward=1
}
