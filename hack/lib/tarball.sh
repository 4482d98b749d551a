# shellcheck shell=bash
# The tarballs of the base images, kept in the cache.

# recipe NAME: a digest of all that goes into the image, so that a changed recipe gives a new one and an unchanged one
# never does.
recipe() {
  local inputs=("$HERE"/lib/base{,-hook}.sh) own=$HERE/${1%:*}
  [[ ! -d $own ]] || inputs+=("$own"/*)
  { cat "${inputs[@]}" && extra_authorities | xargs -r cat; } | sha256sum | cut -c1-12
}

# extra_authorities: certificates that this machine has been made to trust. Behind a proxy that intercepts https,
# containers need them as well.
extra_authorities() {
  [[ ! -d /usr/local/share/ca-certificates ]] || find /usr/local/share/ca-certificates -name '*.crt' | sort
}

# tarball NAME: where it is kept.
tarball() { printf '%s/images/%s-%s.tar\n' "$CACHE" "${1/:/-}" "$(recipe "$1")"; }

# ensure_tarballs NAME...: makes the missing ones in parallel.
ensure_tarballs() {
  local name
  for name in "$@"; do
    [[ -e $(tarball "$name") ]] || {
      with_cache make_missing "$@"
      return
    }
  done
}

make_missing() {
  local name missing=()
  # The process that filled the cache before us may have made some.
  for name in "$@"; do
    [[ -e $(tarball "$name") ]] || missing+=("$name")
  done
  ((${#missing[@]})) || return 0
  need_debian_root "making base images"
  need_space $((2000 * ${#missing[@]})) "making base images"
  install_packages mmdebstrap
  step "${missing[*]} from Debian's packages" make_tarballs "${missing[@]}"
}

make_tarballs() {
  local name job jobs=() failed=
  for name in "$@"; do
    # What an older recipe made.
    rm -f "$CACHE/images/${name/:/-}"-*.tar
    make_tarball "$name" "$(tarball "$name")" &
    jobs+=($!)
  done
  for job in "${jobs[@]}"; do
    wait "$job" || failed=yes
  done
  [[ -z $failed ]]
}
