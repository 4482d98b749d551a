# shellcheck shell=bash
# The base images: which there are, and how each is made from Debian's packages.

BASE_IMAGES=(debian:trixie-slim mysql:9.7)

# import_changes NAME: what the image says of itself, as Dockerfile lines.
import_changes() {
  printf 'LABEL docker-bmo.role=base-image\n'
  case $1 in
    debian:*) printf 'CMD ["bash"]\n' ;;
    mysql:*)
      printf 'ENV MYSQL_MAJOR=%s\n' "${1#mysql:}"
      printf 'VOLUME /var/lib/mysql\n'
      printf 'ENTRYPOINT ["docker-entrypoint.sh"]\n'
      printf 'EXPOSE 3306 33060\n'
      printf 'CMD ["mysqld"]\n'
      ;;
  esac
}

# make_tarball NAME FILE
make_tarball() {
  case $1 in
    debian:trixie-slim) debian_tree trixie "$2" --customize-hook="$HERE/lib/base-hook.sh \"\$1\"" ;;
    mysql:9.7)
      debian_tree sid "$2" --include=mysql-server-core,mysql-client \
        --customize-hook="$HERE/lib/base-hook.sh \"\$1\"" --customize-hook="$HERE/mysql/hook.sh \"\$1\""
      ;;
  esac
}

# tarball NAME: where it is kept. All that goes into it is part of its name, so
# that a changed recipe gives a new image and an unchanged one never does.
tarball() {
  local inputs
  inputs=$(
    cd "$HERE"
    { cat lib/base.sh lib/base-hook.sh lib/suite.sh; import_changes "$1"; extra_authorities | sort | xargs -r cat; } | sha256sum
    [[ $1 != mysql:* ]] || cat mysql/* | sha256sum
  )
  printf '%s/images/%s-%s.tar\n' "$CACHE" "${1/:/-}" "$(sha256sum <<<"$inputs" | cut -c1-12)"
}

ensure_tarball() {
  local file
  file=$(tarball "$1")
  [[ ! -e $file ]] || return 0
  need_debian_root "making the base image $1"
  need_space 2000 "the base image $1"
  rm -f "$CACHE/images/${1/:/-}"-*.tar
  step "$1 from Debian's packages" make_tarball "$1" "$file"
}

# extra_authorities: certificates that somebody has made this machine trust.
# Behind a proxy that opens https, containers need them as well.
extra_authorities() { find /usr/local/share/ca-certificates -name '*.crt' 2>/dev/null || true; }
