// Package kubernetes tests docker bmo on a cluster of two nodes, which `make e2e-kubernetes` sets up. It is no part of the other
// end-to-end tests, and skips nothing.
//
//	KUBECONFIG               leads to the cluster
//	BMO_KUBERNETES           the program that kills a node, and starts it again: kill NODE, start NODE
//	BMO_KUBERNETES_REGISTRY  a registry that this machine, the engine and the nodes reach by that name
//	BMO_BUILD_ARGS           words added to build, as for package e2e
//
// PATH has a kubectl.
package kubernetes
