package instance

import (
	"context"
	"fmt"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/internal/label"
)

// Detail is everything that is known about an instance.
type Detail struct {
	Name, Stack, Snapshot, Flavor string
	State                         State
	Detached                      bool
	Created                       time.Time
	URL                           string
	// Owner is the process with which the instance ends, unless it is detached: HOST/BOOT/PID/START.
	Owner   string
	Network NetworkDetail
	// Services are by name.
	Services map[string]ServiceDetail
	// Kubernetes says where it is on a cluster; nil on an engine.
	Kubernetes *KubernetesDetail `json:",omitempty"`
}

// KubernetesDetail is where an instance is on a cluster. Pod, Node and Address, which is that of the Pod, are empty as long as
// there are none.
type KubernetesDetail struct {
	Context, Namespace, Job, Pod, Node, Address string
}

// NetworkDetail is an instance's network.
type NetworkDetail struct{ ID, Name string }

// ServiceDetail is a service's container.
type ServiceDetail struct {
	ContainerID, ContainerName string
	ImageID                    string
	State                      string
	// Ports maps the container's ports, "8000/tcp", to addresses, "127.0.0.1:23456".
	Ports map[string]string
}

// Find returns the instance with that name.
func Find(ctx context.Context, e *engine.Engine, name string) (*Instance, error) {
	_, i, err := find(ctx, e, name)
	return i, err
}

// find returns the instance with that name and its objects.
func find(ctx context.Context, e *engine.Engine, name string) (objects, *Instance, error) {
	o, err := look(ctx, e, label.Instance+"="+name)
	if err != nil {
		return o, nil, err
	}
	list := o.instances()
	if name == "" || len(list) == 0 { // without a name, the label would match every instance
		return o, nil, NotFound(name)
	}
	return o, &list[0], nil
}

// NotFound returns the error that there is no instance with that name.
func NotFound(name string) error {
	return hint.Wrap(fmt.Errorf("no such instance: %s", name), "`docker bmo ps -a` lists them")
}

// Container returns the identifier of a service's container.
func (i Instance) Container(service string) (string, error) {
	id, ok := i.Services[service]
	if len(i.Services) == 0 {
		return "", hint.Wrap(fmt.Errorf("instance %s has no service %q yet, or not any more", i.Name, service),
			"it is starting or being removed: `docker bmo ps -a` shows what becomes of it")
	}
	if !ok {
		return "", hint.Wrap(fmt.Errorf("instance %s has no service %q", i.Name, service),
			"its services are "+strings.Join(i.ServiceNames(), ", "))
	}
	return id, nil
}

// ServiceNames returns the names of the instance's services, sorted.
func (i Instance) ServiceNames() []string { return slices.Sorted(maps.Keys(i.Services)) }

// Inspect returns what is known about the instance with that name.
func Inspect(ctx context.Context, e *engine.Engine, name string) (*Detail, error) {
	o, i, err := find(ctx, e, name)
	if err != nil {
		return nil, err
	}
	d := &Detail{
		Name: i.Name, Stack: i.Stack, Snapshot: i.Key, Flavor: i.Flavor, State: i.State, Detached: i.Detached,
		Created: i.Created, URL: i.URL, Owner: i.Labels[label.Owner], Services: map[string]ServiceDetail{},
	}
	for _, n := range o.networks {
		d.Network = NetworkDetail{ID: n.ID, Name: n.Name}
	}
	for _, c := range o.containers {
		if isService(c) {
			d.Services[c.Labels[label.Service]] = serviceDetail(c)
		}
	}
	return d, nil
}

func serviceDetail(c engine.Container) ServiceDetail {
	d := ServiceDetail{ContainerID: c.ID, ContainerName: c.Name, ImageID: c.ImageID, State: c.State, Ports: map[string]string{}}
	for private, public := range c.Ports {
		d.Ports[strconv.Itoa(private)+"/tcp"] = net.JoinHostPort(engine.Loopback, strconv.Itoa(public))
	}
	return d
}
