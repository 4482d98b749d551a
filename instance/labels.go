package instance

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/launch"
)

// labels returns the labels of the instance's network and volumes (if service is empty) and of its containers.
func (s *start) labels(name, service string) map[string]string {
	l := map[string]string{
		label.Role: label.RoleInstance, label.Instance: name, label.Key: s.Snapshot.Key,
		label.Stack: s.Stack.Name, label.Owner: s.Owner.String(), label.Flavor: s.Flavor,
		label.Created: s.created.Format(time.RFC3339Nano),
	}
	if s.Detach {
		l[label.Detached] = "true"
	}
	if s.id != "" {
		l[label.Record] = s.id
	}
	if s.Pool.ID != "" {
		l[label.Pool], l[label.Match] = s.Pool.ID, s.Pool.Match
	}
	if service != "" {
		l[label.Service] = service
	}
	if service == s.lead() {
		l[label.Lead] = "true"
	}
	if service == s.Stack.URL.Service && service != "" && s.currentPort() != 0 {
		l[label.URL] = s.vars(name).URL
	}
	if service == s.Stack.URL.Service && service != "" {
		l[label.Port] = strconv.Itoa(s.Stack.URL.Port)
		if s.Stack.URL.Path != "" {
			l[label.Path] = s.Stack.URL.Path
		}
	}
	if svc, ok := s.Stack.Service(service); ok && launch.MayEnd(svc) {
		l[label.MayEnd] = "true"
	}
	if service == s.lead() && len(s.Environment) > 0 {
		l[label.Env] = strings.Join(slices.Sorted(maps.Keys(s.Environment)), ",")
	}
	if s.Live && service != "" {
		l[label.Live] = "true"
	}
	if f := s.forwardedPorts(service); f != "" {
		l[label.Forward] = f
	}
	return l
}

// lead returns the service whose container's name shows whether the instance is ready: the one that has the address,
// else the last one, if possible one that goes on.
func (s *start) lead() string {
	if s.Stack.URL.Service != "" {
		return s.Stack.URL.Service
	}
	services := launch.Lasting(s.Stack)
	for _, svc := range slices.Backward(services) {
		if !launch.MayEnd(svc) {
			return svc.Name
		}
	}
	return services[len(services)-1].Name
}
