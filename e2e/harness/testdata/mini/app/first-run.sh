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
  burst-fails) # ... too much to be read in one go, and fails
    printf 'line %d\n' {1..30000}
    printf 'the end' >&2
    exit 9
    ;;
  slow) # takes its time
    sleep 5
    ;;
  mixed) # a line of one stream comes in the middle of one of the other
    printf 'the first half, '
    sleep 0.3
    echo 'in between' >&2
    sleep 0.3
    echo 'the second half'
    ;;
esac
# Stacks that are bootstrapped in the same second must not have the same layer: the engine would take one for the other.
date -u +%FT%T.%NZ >/srv/first-run
