# shellcheck shell=bash
# The registry beside our engine, which stands in for the public one where that
# does not answer.

# public_registry: whether it answers us, with any status at all.
public_registry() {
  curl -s -o /dev/null --connect-timeout 5 --max-time 10 https://registry-1.docker.io/v2/
}

write_registry_config() {
  rm -f "$RUN/registry.yml"
  ! public_registry || return 0
  mkdir -p "$STATE/registry"
  cat >"$RUN/registry.yml" <<END
version: 0.1
log: {level: warn, accesslog: {disabled: true}}
storage:
  filesystem: {rootdirectory: $STATE/registry}
  delete: {enabled: true}
http: {addr: "127.0.0.1:$REGISTRY_PORT"}
END
}

# registry_has NAME: whether our registry has that image.
registry_has() {
  curl -fsS -o /dev/null --max-time 10 -H 'Accept: application/vnd.docker.distribution.manifest.v2+json' \
    -H 'Accept: application/vnd.oci.image.manifest.v1+json' \
    -I "http://127.0.0.1:$REGISTRY_PORT/v2/library/${1%:*}/manifests/${1#*:}" 2>/dev/null
}

# engine_resolves NAME: whether the engine itself finds that name in a
# registry. Asked of the engine where it is on a socket here; from afar, this
# machine's own view has to do.
engine_resolves() {
  local endpoint
  endpoint=${DOCKER_HOST:-$(docker context inspect --format '{{.Endpoints.docker.Host}}')}
  case $endpoint in
    unix://*)
      curl -fs -o /dev/null --max-time 15 --unix-socket "${endpoint#unix://}" "http://docker/v1.45/distribution/$1/json" ;;
    *) public_registry ;;
  esac
}
