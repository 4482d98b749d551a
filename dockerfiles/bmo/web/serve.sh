#!/bin/sh
# Serves BMO: serve.sh daemon (one process) or serve.sh prefork [ARGUMENT ...].
#
# It listens on port 8000, and on 127.0.0.1 at the port of BMO_urlbase too: the
# address that an instance has on the outside is then its address on the inside,
# for the application's requests to itself and for its own tests.
set -eu
: "${BMO_urlbase:?the environment of the web service gives it}"
cd /app

authority=${BMO_urlbase#*://}
authority=${authority%%/*}
case $authority in
  *:*) port=${authority##*:} ;;
  *) port=80 ;;
esac

MOJO_LISTEN='http://*:8000'
if [ "$port" != 8000 ]; then
  MOJO_LISTEN="$MOJO_LISTEN,http://127.0.0.1:$port"
fi
export MOJO_LISTEN
# The database starts at the same time.
exec perl -I/opt/docker-bmo -MAwaitDatabase bugzilla.pl "$@"
