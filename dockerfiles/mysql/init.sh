#!/bin/bash
# Makes the data folder, at image build.
#
# The base image declares its own, /var/lib/mysql, a volume, and what is on a
# volume is never committed: hence another place.
set -euo pipefail

readonly data=/srv/mysql
readonly mysqld=(mysqld --defaults-file=/etc/docker-bmo/low.cnf --user=mysql)

# Where the base image's own clients look for the socket.
install -d -m 0755 -o mysql -g mysql /var/run/mysqld
install -d -m 0750 -o mysql -g mysql "$data"
"${mysqld[@]}" --initialize-insecure

# The first start finishes what --initialize leaves to it.
readonly stop=/tmp/stop.sql
printf 'SHUTDOWN;\n' >"$stop"
"${mysqld[@]}" --init-file="$stop"
rm "$stop"
