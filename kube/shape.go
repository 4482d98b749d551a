package kube

import (
	"slices"
	"strings"

	"github.com/docker-bmo/docker-bmo/launch"
	"github.com/docker-bmo/docker-bmo/stack"
)

// shape says which container of a Pod a service is. A sidecar is an init container that goes on: those after it start when
// its startup probe has succeeded. All others start at the same time, after the sidecars.
type shape struct {
	services []stack.Service // in start order, in their flavor
	sidecars map[string]bool
}

// shapeOf makes sidecars of the services that others wait for. One that waits itself (early) needs none, unless it is a
// sidecar itself.
func shapeOf(st *stack.Stack, flavor string) shape {
	sh := shape{services: launch.Lasting(st), sidecars: map[string]bool{}}
	for i, s := range sh.services {
		sh.services[i] = s.With(flavor)
	}
	for _, s := range slices.Backward(sh.services) { // those that depend come after what they depend on
		if s.Early && !sh.sidecars[s.Name] && !hasOwnStep(st, s.Name) {
			continue
		}
		for _, d := range s.DependsOn {
			if dep, ok := st.Service(d); ok && !dep.OneShot {
				sh.sidecars[d] = true
			}
		}
	}
	return sh
}

// hasOwnStep reports whether a service has steps of the start with a container of their own.
func hasOwnStep(st *stack.Stack, service string) bool {
	return slices.ContainsFunc(st.Start, func(step stack.Step) bool { return step.Service == service && !step.Exec })
}

// containerName is what a service's container is called: Kubernetes has no capitals, underscores and dots there.
func containerName(service string) string {
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, strings.ToLower(service))
	name = strings.Trim(name, "-")
	return strings.TrimRight(name[:min(len(name), maxContainerName)], "-")
}

// maxContainerName is how long a container's name may be in Kubernetes.
const maxContainerName = 63
