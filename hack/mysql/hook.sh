#!/usr/bin/env bash
# Runs while the mysql image is made, given its root folder.
set -euo pipefail
root=$1
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

chroot "$root" groupadd --system --gid 999 mysql
chroot "$root" useradd --system --uid 999 --gid mysql --home-dir /var/lib/mysql --no-create-home --shell /bin/false mysql
for folder in /var/lib/mysql /var/lib/mysql-files /var/run/mysqld; do
  chroot "$root" install -d -o mysql -g mysql -m 1777 "$folder"
done
chmod 750 "$root/var/lib/mysql-files"
install -m 755 "$here/docker-entrypoint.sh" "$root/usr/local/bin/docker-entrypoint.sh"
install -m 644 "$here/my.cnf" "$root/etc/my.cnf"
chroot "$root" mysqld --version >&2
