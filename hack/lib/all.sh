# shellcheck shell=bash
# All parts of an engine's set-up. HERE is the folder hack.

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=lib/common.sh
. "$HERE/lib/common.sh"
# shellcheck source=lib/suite.sh
. "$HERE/lib/suite.sh"
# shellcheck source=lib/root.sh
. "$HERE/lib/root.sh"
# shellcheck source=lib/registry.sh
. "$HERE/lib/registry.sh"
# shellcheck source=lib/network.sh
. "$HERE/lib/network.sh"
# shellcheck source=lib/second.sh
. "$HERE/lib/second.sh"
# shellcheck source=lib/daemon.sh
. "$HERE/lib/daemon.sh"
