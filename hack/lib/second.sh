# shellcheck shell=bash
# A second engine on one machine: the one for which DOCKER_BMO_POOL sets a pool of its own. An engine flushes the packet
# filter chains of any other when it starts, so this one does not touch them, and the few rules that it needs are made
# here. They let containers out, replies in, and nothing from one bridge to another; published ports go through
# docker-proxy.

# second_daemon_json: its lines in the configuration. An engine with a pool removes docker0 when it starts, no matter
# whose it is; one with live-restore does not. There are no live containers to restore: they end with the namespace.
second_daemon_json() {
  printf '  "bridge": "%s", "iptables": false, "ip6tables": false,\n' "$BRIDGE"
  printf '  "default-address-pools": [{"base": "%s", "size": 24}],\n' "$POOL"
  printf '  "live-restore": true,\n'
}

make_second_network() {
  [[ -n $POOL ]] || return 0
  [[ -n $BRIDGE ]] || die "DOCKER_BMO_POOL is not a network of 16 bits: $POOL" "for instance 10.213.0.0/16"
  remove_second_network
  # The default network is the first of the pool.
  in_root ip link add "$BRIDGE" type bridge
  in_root ip addr add "${POOL%.0/16}.1/24" dev "$BRIDGE"
  in_root ip link set "$BRIDGE" up
  in_root iptables -N "$BRIDGE"
  let_out "$POOL"
  let_out "$SUBNETS"
  in_root iptables -I FORWARD -j "$BRIDGE"
  printf '1\n' >/proc/sys/net/ipv4/ip_forward
}

# let_out ADDRESSES: lets containers of these out, and no bridge's to another's.
let_out() {
  # Traffic within one bridge passes here as well if the kernel filters bridges.
  in_root iptables -A "$BRIDGE" -s "$1" -d "$1" -m physdev --physdev-is-bridged -j ACCEPT
  in_root iptables -A "$BRIDGE" -s "$1" -d "$1" -j DROP
  in_root iptables -A "$BRIDGE" -s "$1" -j ACCEPT
  in_root iptables -A "$BRIDGE" -d "$1" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
  in_root iptables -t nat -A POSTROUTING -s "$1" ! -d "$1" -m comment --comment "$BRIDGE" -j MASQUERADE
}

remove_second_network() {
  local net
  [[ -n $BRIDGE ]] || return 0
  in_root iptables -D FORWARD -j "$BRIDGE" 2>/dev/null || true
  in_root iptables -F "$BRIDGE" 2>/dev/null || true
  in_root iptables -X "$BRIDGE" 2>/dev/null || true
  for net in "$POOL" "$SUBNETS"; do
    in_root iptables -t nat -D POSTROUTING -s "$net" ! -d "$net" -m comment --comment "$BRIDGE" -j MASQUERADE 2>/dev/null || true
  done
  in_root ip link delete "$BRIDGE" 2>/dev/null || true
}
