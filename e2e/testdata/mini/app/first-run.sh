#!/bin/bash
# first-run.sh [HOW]: the application's first run.
set -euo pipefail

case ${1:-} in
  blocks) # until it is killed
    echo "first run begins"
    exec sleep infinity
    ;;
  burst) # prints a lot, and is gone at once; the last line has no end
    printf 'line %d\n' {1..3000}
    printf 'the end'
    ;;
  burst-fails) # ... and too much to be read in one go
    printf 'line %d\n' {1..30000}
    printf 'the end' >&2
    exit 9
    ;;
esac
date -u +%FT%TZ >/srv/first-run
