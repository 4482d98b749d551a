#!/bin/sh
# Runs BMO's own REST tests against this instance, within its web container:
# rest-suite.sh [TEST ...], all of rest_*.t when none is named.
set -eu
cd /app/qa/t
if [ $# -eq 0 ]; then
  set -- rest_*.t
fi
exec prove --timer -I/app -I/app/local/lib/perl5 "$@"
