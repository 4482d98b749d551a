# shellcheck shell=bash
# Root folders and tarballs from Debian's packages, by mmdebstrap.

# What images leave out, as the slim images of Debian do.
SLIM=(
  --dpkgopt='path-exclude=/usr/share/doc/*'
  --dpkgopt='path-include=/usr/share/doc/*/copyright'
  --dpkgopt='path-exclude=/usr/share/man/*'
  --dpkgopt='path-exclude=/usr/share/info/*'
  --dpkgopt='path-exclude=/usr/share/groff/*'
  --dpkgopt='path-exclude=/usr/share/lintian/*'
  --dpkgopt='path-exclude=/usr/share/locale/*'
)

# debian_tree SUITE TARGET [OPTION...]: a minimal Debian, at TARGET only when
# it is whole. A folder, or a tarball where TARGET ends in .tar.
debian_tree() {
  local suite=$1 target=$2 part=${2%.tar}.part.$$ log
  shift 2
  [[ $target != *.tar ]] || part+=.tar
  log=$RUN/mmdebstrap-$suite.log
  mkdir -p "$(dirname "$target")" "$RUN"
  # Parts of runs that were killed; the lock is ours, so nobody works on them.
  rm -rf --one-file-system "${target%.tar}".part.*
  install_packages mmdebstrap
  # A mirror may be a frozen copy, whose unreleased suites look out of date.
  if ! mmdebstrap --variant=minbase --mode=root "${SLIM[@]}" "$@" \
    --aptopt='Acquire::Check-Valid-Until "false"' --aptopt='Acquire::Retries "3"' \
    "$suite" "$part" </dev/null >"$log" 2>&1; then
    rm -rf --one-file-system "$part"
    tail -n 8 "$log" >&2
    die "cannot make a Debian $suite from packages" "see $log; a Debian mirror has to be reachable, and the disk must not be full"
  fi
  sync -f "$part"
  mv "$part" "$target"
}
