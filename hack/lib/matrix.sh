# shellcheck shell=bash
# The parts of the matrix of engines: its legs, its own engines in addition to any other, and how the tests are run and
# counted.

LEGS=(28.5/overlay2 29.9/containerd 26.1/overlay2 20.10/overlay2)

GOTESTSUM=gotest.tools/gotestsum@v1.13.0

# The folder of the matrix' own engines.
MATRIX=$STATE-matrix

# own_engine POOL: sets the prefix of a command that makes docker use an engine of our own, and hack/engine set that one
# up.
own_engine() {
  local other=
  # The engine that docker uses is the other one for the tests that take two.
  ! docker version >/dev/null 2>&1 || other=$(docker context inspect --format '{{.Endpoints.docker.Host}}')
  OWN=(env -u DOCKER_CONTEXT "BMO_OTHER_ENGINE=$other" BMO_E2E_STRICT=1 "DOCKER_BMO_STATE=$MATRIX" "DOCKER_BMO_CACHE=$CACHE"
    "DOCKER_BMO_SOCKET=$MATRIX/run/docker.sock" "DOCKER_HOST=unix://$MATRIX/run/docker.sock"
    "DOCKER_BMO_POOL=$1" "DOCKER_BMO_REGISTRY_PORT=$((REGISTRY_PORT + 1))")
}

# free_pool: addresses for which nothing on this machine has a bridge or a route.
free_pool() {
  local n
  for n in {230..249}; do
    [[ ! -e /sys/class/net/br-bmo-10-$n ]] || continue
    ! routed "$n" || continue
    printf '10.%s.0.0/16\n' "$n"
    return
  done
  die "no pool of addresses is free for another engine" "see: ip route"
}

# engine_facts: release, API and store of the engine that ENGINE points to.
engine_facts() {
  local status store
  status=$("${ENGINE[@]}" docker info --format '{{.DriverStatus}}')
  store=$("${ENGINE[@]}" docker info --format '{{.Driver}}')
  [[ $status != *io.containerd.snapshotter* ]] || store=containerd
  "${ENGINE[@]}" docker version --format "{{.Server.Version}} {{.Server.APIVersion}} $store"
}

# older API: than the plugin needs.
older() { [[ $1 != "$MIN_API" && $(printf '%s\n' "$1" "$MIN_API" | sort -V | head -n 1) == "$1" ]]; }

# tested RELEASE STORE: whether ROWS has an engine like that already.
tested() {
  local row
  for row in "${ROWS[@]}"; do
    [[ $row != "$1".*" $2 "* ]] || return 0
  done
  return 1
}

# run_tests LOG PACKAGE...: on the engine that ENGINE points to, without the tests that SHORT leaves out. Writes the
# numbers of tests, failed and skipped ones to a file. Tests wait for containers more than they compute, so that there are more of
# them at once than there are processors.
run_tests() {
  # shellcheck disable=SC2016
  attend "${ENGINE[@]}" BMO_BUILD_ARGS="$("${ENGINE[@]}" hack/images args)" COUNTS="$MATRIX/counts" \
    "${GO:-go}" run "$GOTESTSUM" --format testname --jsonfile "$1" \
    --post-run-command "sh -c 'echo \$TESTS_TOTAL \$TESTS_FAILED \$TESTS_SKIPPED >\"\$COUNTS\"'" \
    -- -count=1 -timeout 40m -parallel "$(($(nproc) + 1))" ${SHORT:+"$SHORT"} "${@:2}"
}

# attend COMMAND...: runs it in a process group of its own, so that all of it can be ended as soon as we are told to
# end.
attend() {
  local code=0
  # Bash makes what it runs in the background ignore Ctrl-C, and so would what the tests interrupt with it.
  setsid env --default-signal=INT,QUIT "$@" 7>&- &
  CHILD=$!
  wait "$CHILD" || code=$?
  CHILD=
  return "$code"
}
