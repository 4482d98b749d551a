# shellcheck shell=bash
# Settings of a cluster, and all parts of its set-up. Sourced after lib/all.sh.

# The first two digits are Kubernetes' own, go.mod next to this file has the same.
KUBERNETES_VERSION=1.34.2
NODES=(node-1 node-2)

# All that a cluster has is below this folder, which goes when it ends.
CLUSTER=$STATE/kubernetes
KUBECONFIG_FILE=$CLUSTER/kubeconfig

# shellcheck source=lib/kubernetes/binaries.sh
. "$HERE/lib/kubernetes/binaries.sh"
# shellcheck source=lib/kubernetes/network.sh
. "$HERE/lib/kubernetes/network.sh"
# shellcheck source=lib/kubernetes/certificates.sh
. "$HERE/lib/kubernetes/certificates.sh"
# shellcheck source=lib/kubernetes/config.sh
. "$HERE/lib/kubernetes/config.sh"
# shellcheck source=lib/kubernetes/registry.sh
. "$HERE/lib/kubernetes/registry.sh"
# shellcheck source=lib/kubernetes/machine.sh
. "$HERE/lib/kubernetes/machine.sh"
# shellcheck source=lib/kubernetes/cluster.sh
. "$HERE/lib/kubernetes/cluster.sh"
