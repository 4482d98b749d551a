#!/bin/sh
# Serves Bugzilla: serve.sh low, or serve.sh regular.
#
# Apache listens on port 8000, and on 127.0.0.1 at the port of BZ_urlbase too:
# the address that an instance has on the outside is then its address on the
# inside, for the application's own tests.
set -eu
perl /opt/docker-bmo/configure.pl

authority=${BZ_urlbase#*://}
authority=${authority%%/*}
case $authority in
  *:*) port=${authority##*:} ;;
  *) port=80 ;;
esac
set -- -DFOREGROUND -c "Include /opt/docker-bmo/$1.conf"
if [ "$port" != 8000 ]; then
  set -- "$@" -c "Listen 127.0.0.1:$port"
fi

# Debian's variables; its own script would not be replaced by the server.
set +u
. /etc/apache2/envvars
set -u
# /var/lock leads to /run/lock, and /run is empty.
mkdir -p /run/lock "$APACHE_RUN_DIR" "$APACHE_LOCK_DIR"
unset BZ_db_pass BZ_site_wide_secret
exec apache2 "$@"
