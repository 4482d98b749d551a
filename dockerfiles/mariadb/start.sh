#!/bin/bash
# Starts mariadbd in this process' place (PID 1), with the application's account
# made from the environment: MYSQL_DATABASE, MYSQL_USER, MYSQL_PASSWORD.
#
# The statements run at every start, before the first connection is served: the
# account follows the environment, and no image has to know a password. They
# reach mariadbd through a pipe, so that no disk that is committed has them.
set -euo pipefail

need() {
  local variable
  for variable in "$@"; do
    [[ -n ${!variable:-} ]] && continue
    printf 'mariadb: %s is not set\nhint: the environment of the database service gives it\n' "$variable" >&2
    exit 1
  done
}

# text STRING: as an SQL string.
text() {
  local string=${1//\\/\\\\}
  printf "'%s'" "${string//\'/\'\'}"
}

# name STRING: as an SQL name.
name() {
  local tick='`'
  printf '%s' "$tick${1//$tick/$tick$tick}$tick"
}

# pattern STRING: a database's name where a grant takes a pattern.
pattern() {
  local string=${1//_/\\_}
  name "${string//%/\\%}"
}

accounts() {
  local user password
  user="$(text "$MYSQL_USER")@'%'"
  password=$(text "$MYSQL_PASSWORD")
  printf '%s;\n' \
    "CREATE DATABASE IF NOT EXISTS $(name "$MYSQL_DATABASE")" \
    "CREATE USER IF NOT EXISTS $user IDENTIFIED BY $password" \
    "ALTER USER $user IDENTIFIED BY $password" \
    "GRANT ALL PRIVILEGES ON $(pattern "$MYSQL_DATABASE").* TO $user"
}

need MYSQL_DATABASE MYSQL_USER MYSQL_PASSWORD
exec 3<<<"$(accounts)"
unset MYSQL_PASSWORD
exec mariadbd "$@" --init-file=/dev/fd/3
