#!/usr/bin/env bash
# Runs while the mariadb image is made, given its root folder.
set -euo pipefail
root=$1
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

chroot "$root" groupadd --system --gid 999 mysql
chroot "$root" useradd --system --uid 999 --gid mysql --home-dir /var/lib/mysql --no-create-home --shell /bin/false mysql
for folder in /var/lib/mysql /run/mysqld; do
  chroot "$root" install -d -o mysql -g mysql -m 1777 "$folder"
done

# The official image has none of the names that Debian keeps from MySQL.
find "$root/usr/bin" "$root/usr/sbin" -type l -name 'mysql*' -delete

install -m 755 "$here/docker-entrypoint.sh" "$root/usr/local/bin/docker-entrypoint.sh"
install -m 644 "$here/server.cnf" "$root/etc/mysql/mariadb.conf.d/05-server.cnf"
chroot "$root" mariadbd --version >&2
