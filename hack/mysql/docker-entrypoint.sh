#!/usr/bin/env bash
# The entry point of the stand-in for the official mysql image. It has that
# image's habits as far as stacks lean on them: an empty data folder is
# initialized by a first server that answers on its socket only, by the
# variables MYSQL_ROOT_PASSWORD or MYSQL_ALLOW_EMPTY_PASSWORD, MYSQL_ROOT_HOST,
# MYSQL_DATABASE, MYSQL_USER and MYSQL_PASSWORD; then mysqld is process 1. Each
# of them may be in a file that the variable with _FILE names, such as a secret.
set -euo pipefail

say() { printf '[entrypoint] %s\n' "$*"; }

die() {
  printf '[entrypoint] error: %s\n' "$*" >&2
  exit 1
}

# setting NAME ARGUMENT...: what mysqld, given these arguments, would use. The
# help text before the table is indented, so that it never matches.
setting() {
  local name=$1
  shift
  "$@" --verbose --help 2>/dev/null | sed -n "s/^$name  *//p"
}

# quoted TEXT: as an SQL string.
quoted() {
  local text=${1//\\/\\\\}
  printf "'%s'" "${text//\'/\'\'}"
}

# identifier TEXT: as an SQL name.
identifier() { printf '\140%s\140' "${1//\`/\`\`}"; }

# read_files: sets the variables whose value is in a file.
read_files() {
  local name file
  for name in MYSQL_{ROOT_PASSWORD,ROOT_HOST,DATABASE,USER,PASSWORD}; do
    file=${name}_FILE
    [[ -n ${!file:-} ]] || continue
    [[ -z ${!name:-} ]] || die "both $name and $file are set"
    printf -v "$name" '%s' "$(<"${!file}")"
  done
}

check_environment() {
  [[ -n ${MYSQL_ROOT_PASSWORD:-} || -n ${MYSQL_ALLOW_EMPTY_PASSWORD:-} ]] ||
    die "the data folder is empty, and neither MYSQL_ROOT_PASSWORD nor MYSQL_ALLOW_EMPTY_PASSWORD is set"
  [[ ${MYSQL_USER:-} != root ]] || die "MYSQL_USER cannot be root, who is there anyway"
  [[ -z ${MYSQL_USER:-} || -n ${MYSQL_PASSWORD:-} ]] || die "MYSQL_USER is set, MYSQL_PASSWORD is not"
}

# first_statements: what makes the fresh server the one that was asked for.
# The root password comes last: until then root needs none on the socket.
first_statements() {
  local root_host=${MYSQL_ROOT_HOST-%} password
  password=$(quoted "${MYSQL_ROOT_PASSWORD:-}")
  if [[ -n ${MYSQL_DATABASE:-} ]]; then
    printf 'CREATE DATABASE IF NOT EXISTS %s;\n' "$(identifier "$MYSQL_DATABASE")"
  fi
  if [[ -n ${MYSQL_USER:-} ]]; then
    printf "CREATE USER %s@'%%' IDENTIFIED BY %s;\n" "$(quoted "$MYSQL_USER")" "$(quoted "$MYSQL_PASSWORD")"
    if [[ -n ${MYSQL_DATABASE:-} ]]; then
      printf "GRANT ALL ON %s.* TO %s@'%%';\n" "$(identifier "${MYSQL_DATABASE//_/\\_}")" "$(quoted "$MYSQL_USER")"
    fi
  fi
  if [[ -n $root_host && $root_host != localhost ]]; then
    printf 'CREATE USER root@%s IDENTIFIED BY %s;\n' "$(quoted "$root_host")" "$password"
    printf 'GRANT ALL ON *.* TO root@%s WITH GRANT OPTION;\n' "$(quoted "$root_host")"
  fi
  printf 'ALTER USER root@localhost IDENTIFIED BY %s;\n' "$password"
}

# initialize SOCKET ARGUMENT...: fills the data folder.
initialize() {
  local socket=$1 server
  shift
  read_files
  check_environment
  say "initializing the data folder"
  "$@" --initialize-insecure
  "$@" --skip-networking --mysqlx=OFF --socket="$socket" &
  server=$!
  until mysqladmin --no-defaults --socket="$socket" --user=root --silent ping >/dev/null 2>&1; do
    kill -0 "$server" 2>/dev/null || die "the first server did not come up"
    sleep 0.1
  done
  first_statements | mysql --no-defaults --socket="$socket" --user=root
  kill "$server"
  wait "$server" || die "the first server did not end well"
  say "initialized, starting the server"
}

main() {
  if [[ ${1:-} == -* ]]; then
    set -- mysqld "$@"
  fi
  if [[ ${1:-} != mysqld || " $* " =~ \ (--help|-\?|--version|-V|--print-defaults)\  ]]; then
    exec "$@"
  fi
  local data socket
  data=$(setting datadir "$@")
  socket=$(setting socket "$@")
  if [[ $(id -u) == 0 ]]; then
    mkdir -p "$data" "$(dirname "$socket")"
    chown mysql:mysql "$data" "$(dirname "$socket")"
    exec setpriv --reuid=mysql --regid=mysql --init-groups "$0" "$@"
  fi
  [[ -d ${data%/}/mysql ]] || initialize "$socket" "$@"
  exec "$@"
}

main "$@"
