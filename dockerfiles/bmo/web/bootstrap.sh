#!/bin/sh
# BMO's first run: schema, BMO's own data and, with BZ_QA_CONFIG set, the users,
# bugs and API keys of its tests. What entrypoint.pl does for load_test_data,
# with all output shown.
set -eu
cd /app

run() {
  echo "+ $*"
  "$@"
}

PERL5LIB=/opt/docker-bmo${PERL5LIB:+:$PERL5LIB}
PERL5OPT=-MFirstRun
export PERL5LIB PERL5OPT

run perl checksetup.pl --verbose --no-templates --no-permissions "$BZ_ANSWERS_FILE"
run perl scripts/generate_bmo_data.pl --param use_mailer_queue=0
if [ -n "${BZ_QA_CONFIG:-}" ]; then
  cd qa/config
  run perl generate_test_data.pl
fi
