#!/usr/bin/env bash
# The entry point of the stand-in for the official mariadb image. It has that
# image's habits as far as stacks lean on them: an empty data folder is
# initialized, with a first server that answers on its socket only, by the
# variables MARIADB_ROOT_PASSWORD or MARIADB_ALLOW_EMPTY_ROOT_PASSWORD,
# MARIADB_ROOT_HOST, MARIADB_DATABASE, MARIADB_USER and MARIADB_PASSWORD, each of
# which may begin with MYSQL_ as well, and end with _FILE for one that is in a
# file, such as a secret; then mariadbd is process 1.
set -euo pipefail

say() { printf '[entrypoint] %s\n' "$*"; }

die() {
  printf '[entrypoint] error: %s\n' "$*" >&2
  exit 1
}

# variable NAME [OLD-NAME]: MARIADB_NAME, else MYSQL_OLD-NAME, else nothing.
variable() {
  local name file
  for name in "MARIADB_$1" "MYSQL_${2:-$1}"; do
    file=${name}_FILE
    if [[ -n ${!name:-} ]]; then
      printf '%s' "${!name}"
      return
    elif [[ -n ${!file:-} ]]; then
      printf '%s' "$(<"${!file}")"
      return
    fi
  done
}

# setting NAME ARGUMENT...: what mariadbd, given these arguments, would use. The
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

read_environment() {
  DATABASE=$(variable DATABASE)
  ACCOUNT=$(variable USER)
  PASSWORD=$(variable PASSWORD)
  ROOT_HOST=$(variable ROOT_HOST)
  ROOT_PASSWORD=$(variable ROOT_PASSWORD)
  [[ -n $ROOT_PASSWORD || -n $(variable ALLOW_EMPTY_ROOT_PASSWORD ALLOW_EMPTY_PASSWORD) ]] ||
    die "the data folder is empty, and neither MARIADB_ROOT_PASSWORD nor MARIADB_ALLOW_EMPTY_ROOT_PASSWORD is set"
  [[ $ACCOUNT != root ]] || die "MARIADB_USER cannot be root, who is there anyway"
  [[ -z $ACCOUNT || -n $PASSWORD ]] || die "MARIADB_USER is set, MARIADB_PASSWORD is not"
}

# first_statements: what makes the fresh server the one that was asked for.
# The root password comes last: until then root needs none on the socket.
first_statements() {
  local root
  root="root@$(quoted "${ROOT_HOST:-%}")"
  # What was made for root at addresses of the machine has no password.
  printf '%s;\n' "DELETE FROM mysql.global_priv WHERE User = 'root' AND Host <> 'localhost'" "FLUSH PRIVILEGES"
  if [[ -n $DATABASE ]]; then
    printf 'CREATE DATABASE IF NOT EXISTS %s;\n' "$(identifier "$DATABASE")"
  fi
  if [[ -n $ACCOUNT ]]; then
    printf "CREATE USER %s@'%%' IDENTIFIED BY %s;\n" "$(quoted "$ACCOUNT")" "$(quoted "$PASSWORD")"
    if [[ -n $DATABASE ]]; then
      printf "GRANT ALL ON %s.* TO %s@'%%';\n" "$(identifier "${DATABASE//_/\\_}")" "$(quoted "$ACCOUNT")"
    fi
  fi
  if [[ $ROOT_HOST != localhost ]]; then
    printf 'CREATE USER %s IDENTIFIED BY %s;\n' "$root" "$(quoted "$ROOT_PASSWORD")"
    printf 'GRANT ALL ON *.* TO %s WITH GRANT OPTION;\n' "$root"
  fi
  printf 'ALTER USER root@localhost IDENTIFIED BY %s;\n' "$(quoted "$ROOT_PASSWORD")"
}

# initialize DATA SOCKET ARGUMENT...: fills the data folder.
initialize() {
  local data=$1 socket=$2 server
  shift 2
  read_environment
  say "initializing the data folder"
  mariadb-install-db "${@:2}" --datadir="$data" --auth-root-authentication-method=normal --skip-test-db \
    --skip-name-resolve --rpm >/dev/null
  "$@" --skip-networking --socket="$socket" &
  server=$!
  until mariadb-admin --no-defaults --socket="$socket" --user=root --silent ping >/dev/null 2>&1; do
    kill -0 "$server" 2>/dev/null || die "the first server did not come up"
    sleep 0.1
  done
  first_statements | mariadb --no-defaults --socket="$socket" --user=root
  kill "$server"
  wait "$server" || die "the first server did not end well"
  say "initialized, starting the server"
}

main() {
  if [[ ${1:-} == -* ]]; then
    set -- mariadbd "$@"
  fi
  if [[ ${1:-} != mariadbd || " $* " =~ \ (--help|-\?|--version|-V|--print-defaults)\  ]]; then
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
  [[ -d ${data%/}/mysql ]] || initialize "$data" "$socket" "$@"
  exec "$@"
}

main "$@"
