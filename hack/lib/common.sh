# shellcheck shell=bash
# shellcheck disable=SC2034
# Settings and functions shared by the set-up commands. Sourced, never run.

# Everything that set-up makes is below these two folders. The cache has what a second engine may share: root folders of
# engines and image tarballs.
STATE=${DOCKER_BMO_STATE:-/var/lib/docker-bmo-engine}
CACHE=${DOCKER_BMO_CACHE:-$STATE/cache}
RUN=$STATE/run

# A second engine on the same machine needs its own state folder, socket and pool of addresses, like 10.213.0.0/16.
SOCKET=${DOCKER_BMO_SOCKET:-/var/run/docker.sock}
POOL=${DOCKER_BMO_POOL:-}
# Named as engines name theirs, so that each counts the bridges of all.
BRIDGE=$(sed -n 's/^\([0-9]*\)\.\([0-9]*\)\.0\.0\/16$/br-bmo-\1-\2/p' <<<"$POOL")
# What instances have their addresses from, on each engine of the machine: engine.DefaultSubnets.
SUBNETS=${DOCKER_BMO_SUBNETS:-10.219.0.0/16}
REGISTRY_PORT=${DOCKER_BMO_REGISTRY_PORT:-5000}

if [[ -n ${DOCKER_BMO_SOCKET:-} ]]; then
  export DOCKER_HOST=unix://$SOCKET
fi

# The oldest API of an engine that can be used; the plugin itself requires the same.
MIN_API=1.44

say() { printf '%s\n' "$*" >&2; }

# step NAME COMMAND...: prints what is done and how long it took.
step() {
  local name=$1 from=$SECONDS
  shift
  say "=> $name"
  "$@"
  say "   done in $((SECONDS - from)) s"
}

# die MESSAGE [HINT]
die() {
  say "error: $1"
  [[ -z ${2:-} ]] || say "hint: $2"
  exit 1
}

OWN_ENGINE="start a docker engine (25.0 or newer) yourself, and point DOCKER_HOST or a docker context at it"

# need_debian_root WHAT
need_debian_root() {
  [[ -e /etc/debian_version ]] || die "$1 needs Debian" "$OWN_ENGINE"
  [[ $(id -u) == 0 ]] || die "$1 needs root" "run it as root; or $OWN_ENGINE"
}

# install_packages NAME...: installs missing Debian packages. The package lists are updated only if a package cannot be
# installed without that.
install_packages() {
  local missing=() name
  for name in "$@"; do
    dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null | grep -qx installed || missing+=("$name")
  done
  ((${#missing[@]})) || return 0
  need_debian_root "installing ${missing[*]}"
  say "   installing ${missing[*]}"
  apt_quiet install "${missing[@]}" || { apt_quiet update && apt_quiet install "${missing[@]}"; } ||
    die "cannot install ${missing[*]}" "see $RUN/apt.log, and check that apt-get update works"
}

apt_quiet() {
  mkdir -p "$RUN"
  DEBIAN_FRONTEND=noninteractive apt-get -y --no-install-recommends \
    -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 "$@" </dev/null >>"$RUN/apt.log" 2>&1
}

# take_lock: one set-up at a time for each state folder; held until we exit. What outlives us must be started without
# the descriptor, 9>&-.
take_lock() {
  [[ -z ${LOCKED:-} ]] || return 0
  LOCKED=yes
  mkdir -p "$STATE" || die "cannot make the folder $STATE" "set DOCKER_BMO_STATE to a folder that can be written"
  exec 9>"$STATE/lock"
  if ! flock -n 9; then
    say "=> another set-up is at work below $STATE, waiting for it"
    flock -w 900 9 || die "the other set-up has not ended in 15 minutes" "see who holds $STATE/lock"
  fi
}

# with_cache COMMAND...: while no other process fills the cache, which several state folders may share.
with_cache() { with_lock "$CACHE/lock" 1800 "fills the cache $CACHE" "$@"; }

# with_lock FILE SECONDS WHAT COMMAND...: waits for the set-up that has the lock, and does WHAT, at most so long.
with_lock() {
  mkdir -p "$(dirname "$1")"
  {
    flock -n 8 || {
      say "=> another set-up $3, waiting for it"
      flock -w "$2" 8 || die "the other set-up has not ended in $(($2 / 60)) minutes" "see who holds $1"
    }
    "${@:4}"
  } 8>"$1"
}

# recorded_pid FILE: the process id that a supervisor has recorded there; fails if it is not alive. The number alone could
# by now be another process's, so the start time and the boot are compared, too.
recorded_pid() {
  local pid start boot line rest
  read -r pid start boot 2>/dev/null <"$1" || return 1
  [[ $boot == "$(</proc/sys/kernel/random/boot_id)" ]] || return 1
  { read -r line <"/proc/$pid/stat"; } 2>/dev/null || return 1
  read -ra rest <<<"${line##*) }"
  [[ ${rest[0]} != Z && ${rest[19]} == "$start" ]] || return 1
  printf '%s\n' "$pid"
}

# endpoint: where docker finds its engine.
endpoint() {
  if [[ -n ${DOCKER_HOST:-} ]]; then
    printf '%s\n' "$DOCKER_HOST"
  elif command -v docker >/dev/null; then
    docker context inspect --format '{{.Endpoints.docker.Host}}'
  else
    printf 'unix:///var/run/docker.sock\n'
  fi
}

# need_space MEGABYTES WHAT
need_space() {
  local free
  free=$(df -Pm "$STATE" | awk 'NR == 2 { print $4 }')
  ((free >= $1)) || die "$2 needs $1 MB, $free MB are free below $STATE" \
    "make room, or set DOCKER_BMO_STATE to a folder on a larger disk"
}
