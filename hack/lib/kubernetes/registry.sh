# shellcheck shell=bash
# The registry that nodes pull from: the one next to our engine, or one of the cluster's own where the engine has none.
# It listens on this machine's loopback address. In each node a relay listens on the same, so that one name of a
# repository is right everywhere; they are connected by a Unix socket, which no namespace is in the way of.

cluster_registry() { cat "$CLUSTER/registry/address" 2>/dev/null; }

start_registry() {
  mkdir -p "$CLUSTER/registry/data"
  if registry_address >/dev/null && registry_answers; then
    registry_address >"$CLUSTER/registry/address"
  else
    start_own_registry
  fi
  spawn relay
}

# start_own_registry: in steps of as many ports as there are numbers, so that no two clusters come to the same.
start_own_registry() {
  local port=$((REGISTRY_PORT + $(cluster_number)))
  while port_taken "$port"; do
    port=$((port + ${#CLUSTER_NUMBERS[@]}))
  done
  registry_yaml "$port" >"$CLUSTER/registry/registry.yml"
  printf '127.0.0.1:%s\n' "$port" >"$CLUSTER/registry/address"
  spawn registry
  until_true 100 port_taken "$port" || failed registry "the registry does not come up at port $port"
}

# registry_yaml PORT
registry_yaml() {
  cat <<END
version: 0.1
log: {level: warn, accesslog: {disabled: true}}
storage: {filesystem: {rootdirectory: /srv/data}}
http: {addr: "127.0.0.1:$1"}
END
}
