# shellcheck shell=bash
# The registry next to our engine, which replaces the public one where that does not answer.

# public_registry: whether it answers us, with any status at all.
public_registry() {
  curl -s -o /dev/null --connect-timeout 5 --max-time 10 https://registry-1.docker.io/v2/
}

# registry_address: of the registry with which our engine was started; fails if it was started without one.
registry_address() { [[ -s $RUN/registry ]] && cat "$RUN/registry"; }

# prepare_registry: decides, when the engine starts, whether there is one.
prepare_registry() {
  local port=$REGISTRY_PORT
  rm -f "$RUN/registry" "$RUN/registry.yml"
  ! public_registry || return 0
  while port_taken "$port"; do
    ((++port))
  done
  mkdir -p "$STATE/registry"
  printf '127.0.0.1:%s\n' "$port" >"$RUN/registry"
  cat >"$RUN/registry.yml" <<END
version: 0.1
log: {level: warn, accesslog: {disabled: true}}
storage: {filesystem: {rootdirectory: $STATE/registry}}
http: {addr: "127.0.0.1:$port"}
END
}

port_taken() { (: <>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

registry_answers() {
  curl -fs -o /dev/null --noproxy '*' --max-time 5 "http://$(registry_address)/v2/"
}

# registry_has NAME: whether our registry has that image.
registry_has() {
  curl -fs -o /dev/null --noproxy '*' --max-time 10 --head \
    -H 'Accept: application/vnd.docker.distribution.manifest.v2+json' \
    -H 'Accept: application/vnd.oci.image.manifest.v1+json' \
    "http://$(registry_address)/v2/library/${1%:*}/manifests/${1#*:}"
}

# engine_resolves NAME: whether the engine itself finds that name in a registry. The engine is asked if its socket is
# here; for a remote one, this machine's own view has to do.
engine_resolves() {
  local endpoint
  endpoint=$(endpoint)
  case $endpoint in
    unix://*)
      curl -fs -o /dev/null --max-time 15 --unix-socket "${endpoint#unix://}" \
        "http://docker/v$MIN_API/distribution/$1/json"
      ;;
    *) public_registry ;;
  esac
}
