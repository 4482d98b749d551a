# shellcheck shell=bash
# Root folders and tarballs from Debian's packages, by mmdebstrap.

# debian_tree SUITE TARGET [OPTION...]: a minimal Debian, at TARGET only once it is complete: a folder, or a tarball if
# TARGET ends in .tar. DEBIAN_ARCH is its architecture, if it is not this machine's; programs of it have to run here.
debian_tree() {
  local suite=$1 target=$2 base=${2%.tar} part log
  shift 2
  part=$base.part.$$${target#"$base"}
  log=$RUN/mmdebstrap-${base##*/}.log
  mkdir -p "$(dirname "$target")" "$RUN"
  # Parts of runs that were killed; we hold the lock, so no process uses them.
  rm -rf --one-file-system "$base".part.*
  # A mirror may be a frozen copy: it then looks out of date.
  if ! mmdebstrap --variant=minbase --mode=root ${DEBIAN_ARCH:+--architectures="$DEBIAN_ARCH" --skip=check/qemu} "$@" \
    --aptopt='Acquire::Check-Valid-Until "false"' --aptopt='Acquire::Retries "3"' \
    "$suite" "$part" </dev/null >"$log" 2>&1; then
    rm -rf --one-file-system "$part"
    tail -n 8 "$log" >&2
    die "cannot make a Debian $suite from packages" \
      "see $log; a Debian mirror has to be reachable, and the disk must not be full"
  fi
  sync -f "$(dirname "$part")"
  mv "$part" "$target"
}
