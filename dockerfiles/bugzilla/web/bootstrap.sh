#!/bin/sh
# Bugzilla's first run: checksetup.pl, which makes the schema, compiles the
# templates and makes an administrator; then, unless TEST_DATA is no, what tests
# want to find.
set -eu
cd /app

run() {
  echo "+ $*"
  "$@"
}

# checksetup.pl ends with 0 as well when it wants something to be looked at first.
run perl /opt/docker-bmo/configure.pl --answers /run/bugzilla/answers
run perl checksetup.pl --verbose /run/bugzilla/answers
if [ ! -e data/params.json ]; then
  echo 'bugzilla: checksetup.pl has made no data/params.json' >&2
  exit 1
fi
if [ "$TEST_DATA" = yes ]; then
  run perl /opt/docker-bmo/testdata.pl
fi
