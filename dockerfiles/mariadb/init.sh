#!/bin/bash
# Makes the data folder, at image build.
#
# The base image declares its own, /var/lib/mysql, a volume, and what is on a
# volume is never committed: hence another place.
set -euo pipefail

readonly data=/srv/mysql
readonly defaults=--defaults-file=/etc/docker-bmo/low.cnf

# Where the base image's own clients look for the socket.
install -d -m 0755 -o mysql -g mysql /var/run/mysqld
install -d -m 0750 -o mysql -g mysql "$data"

mariadb-install-db "$defaults" --user=mysql --skip-test-db \
  --auth-root-authentication-method=normal --rpm >/dev/null

# As MySQL does it when it initializes its data folder.
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 36500 -subj /CN=mariadb \
  -keyout "$data/server-key.pem" -out "$data/server-cert.pem"
chown mysql:mysql "$data"/server-*.pem

# The first start finishes what is left to it, and leaves root as in MySQL: at
# localhost only.
readonly finish=/tmp/finish.sql
cat >"$finish" <<'SQL'
DELETE FROM mysql.global_priv WHERE User = 'root' AND Host <> 'localhost';
DELETE FROM mysql.proxies_priv WHERE Host <> 'localhost';
SHUTDOWN;
SQL
mariadbd "$defaults" --user=mysql --init-file="$finish"
rm "$finish"
