# shellcheck shell=bash
# The base images: which there are, and how each is made from Debian's packages.
# This file is part of their recipe: what changes here makes all of them anew.

BASE_IMAGES=(debian:trixie-slim debian:forky-slim mysql:9.7 mariadb:11.8)

# make_tarball NAME FILE
make_tarball() {
  local options=(--customize-hook="$HERE/lib/base-hook.sh \"\$1\"") kind suite
  # What Debian's own slim images leave out.
  for kind in doc man info groff lintian locale; do
    options+=(--dpkgopt="path-exclude=/usr/share/$kind/*")
  done
  options+=(--dpkgopt='path-include=/usr/share/doc/*/copyright')
  case $1 in
    debian:*-slim)
      suite=${1#debian:}
      debian_tree "${suite%-slim}" "$2" "${options[@]}"
      ;;
    mysql:9.7)
      debian_tree sid "$2" "${options[@]}" --include=mysql-server-core,mysql-client \
        --customize-hook="$HERE/mysql/hook.sh \"\$1\""
      ;;
    mariadb:11.8)
      debian_tree trixie "$2" "${options[@]}" --include=mariadb-server-core,mariadb-client,openssl \
        --customize-hook="$HERE/mariadb/hook.sh \"\$1\""
      ;;
  esac
}

# import_changes NAME: what the image says of itself, as Dockerfile lines.
import_changes() {
  case $1 in
    debian:*) printf 'CMD ["bash"]\n' ;;
    mysql:*)
      printf 'VOLUME /var/lib/mysql\n'
      printf 'ENTRYPOINT ["docker-entrypoint.sh"]\n'
      printf 'EXPOSE 3306 33060\n'
      printf 'CMD ["mysqld"]\n'
      ;;
    mariadb:*)
      printf 'VOLUME /var/lib/mysql\n'
      printf 'ENTRYPOINT ["docker-entrypoint.sh"]\n'
      printf 'EXPOSE 3306\n'
      printf 'CMD ["mariadbd"]\n'
      ;;
  esac
}
