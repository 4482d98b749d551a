# shellcheck shell=bash
# What an engine leaves in the machine's network when it ends: its bridges and its packet filter rules. Called after our
# engine has stopped.

remove_networks() {
  local bridge
  for bridge in $(our_bridges); do
    remove_rules "$bridge"
    in_root ip link delete "$bridge" 2>/dev/null || true
  done
  remove_second_network
  # What other engines need, too, is removed with the last bridge of all.
  [[ -n $(engine_bridges) ]] || { remove_chains && restore_network; }
}

# An engine turns forwarding on for the whole machine, and sets its policy to drop. The first of our engines records
# here what was set before; the last one restores it.
NETWORK_NOTE=/run/docker-bmo-network

note_network() {
  [[ ! -e $NETWORK_NOTE ]] || return 0
  {
    printf 'ip_forward %s\n' "$(</proc/sys/net/ipv4/ip_forward)"
    in_root iptables -S FORWARD | sed -n 's/^-P/iptables -P/p'
    in_root ip6tables -S FORWARD 2>/dev/null | sed -n 's/^-P/ip6tables -P/p'
  } >"$NETWORK_NOTE"
}

restore_network() {
  local line
  [[ -e $NETWORK_NOTE ]] || return 0
  while read -ra line; do
    case ${line[0]} in
      ip_forward) printf '%s\n' "${line[1]}" >/proc/sys/net/ipv4/ip_forward ;;
      *) in_root "${line[@]}" ;;
    esac
  done <"$NETWORK_NOTE"
  rm "$NETWORK_NOTE"
}

# in_root COMMAND...: the tools are in the engine's root folder.
in_root() { chroot "$(root_folder)" /usr/bin/env PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"; }

# engine_bridges: those of all engines on this machine.
engine_bridges() {
  local path name
  for path in /sys/class/net/*/bridge; do
    name=$(basename "$(dirname "$path")")
    case $name in docker0 | br-*) printf '%s\n' "$name" ;; esac
  done
}

# our_bridges: the default one, and those whose network is recorded below our state folder; another engine's are left
# alone.
our_bridges() {
  local name
  printf '%s\n' "${BRIDGE:-docker0}"
  for name in $(engine_bridges); do
    [[ $name == br-* ]] || continue
    ! grep -qaF "${name#br-}" "$STATE"/*/network/files/local-kv.db 2>/dev/null || printf '%s\n' "$name"
  done
}

# remove_rules BRIDGE: every rule that names it.
remove_rules() { edit_filters "/ $1\( \|\$\)/s/^-A/-D/p"; }

# remove_chains: the jumps to an engine's chains, the chains, and the guards of published ports, which a clean stop
# removes by itself.
remove_chains() {
  edit_filters '/ -j DOCKER/s/^-A/-D/p'
  edit_filters 's/^-N \(DOCKER\)/-F \1/p'
  edit_filters 's/^-N \(DOCKER\)/-X \1/p'
  edit_filters '/^-A PREROUTING -d 127.0.0.1\/32 ! -i lo .* -j DROP$/s/^-A/-D/p'
}

# edit_filters SCRIPT: applies what sed makes of the list of rules.
edit_filters() {
  local tool table change
  for tool in iptables ip6tables; do
    for table in raw nat filter; do
      in_root "$tool" -t "$table" -S 2>/dev/null | sed -n "$1" |
        while read -ra change; do in_root "$tool" -t "$table" "${change[@]}"; done
    done
  done
}

# routed N: whether this machine has a route to addresses in 10.N.0.0/16. Routes are listed with the bytes of their
# addresses in reverse order.
routed() { awk '{ print $2 }' /proc/net/route | grep -qi "$(printf '%02x0a' "$1")\$"; }
