// Package instance starts, lists and removes running copies of a snapshot. Each has a network of its own, publishes
// nothing but the application's port, on 127.0.0.1, and leaves nothing on the engine when it is removed.
//
// This package is not API: it can change at any time. Programs use bmo.
package instance

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/launch"
)

// State is what an instance is doing.
type State string

// States of an instance.
const (
	// Starting means that not all probes of the instance have succeeded yet.
	Starting State = "starting"
	// Ready means that they have.
	Ready State = "running"
	// Paused means that it is ready and waits in a pool for a run that takes it.
	Paused State = "paused"
	// Broken means that one of the instance's containers has ended or is gone.
	Broken State = "exited"
)

// Instance is one running copy of a snapshot.
type Instance struct {
	Name, URL, Key, Stack, Flavor string
	State                         State
	// Status is the state in docker's terms: how long the instance has been up, or when it ended and how.
	Status   string
	Detached bool
	Created  time.Time
	// Services maps each service to its container's identifier.
	Services map[string]string
	// MayEnd are the services that have done their work when they end with exit code 0, sorted.
	MayEnd []string
	// Ports maps services to their published ports to the ports of Host that lead there.
	Ports map[string]map[int]int
	// Host is the address that the ports are reached at, empty for the loopback interface.
	Host string
	// Env is the environment for a test command. Only the process that started the instance knows it.
	Env map[string]string
	// Labels are those of the instance's lead container or network.
	Labels map[string]string
	// Record is the identifier of the record of what becomes of the instance; empty if it has none.
	Record string
	// Pool is the identifier of the pool that it waits in, or has been taken out of; empty for none.
	Pool string
	// Forward, if not nil, is what the address leads through; it lasts as long as this process.
	Forward *Forward
}

// objectName returns the name of an instance's network, which is also the prefix of its containers' names.
func objectName(instance string) string { return "docker-bmo-" + instance }

func containerName(instance, service string) string { return objectName(instance) + "-" + service }

// List returns all instances on the engine, newest first.
func List(ctx context.Context, e *engine.Engine) ([]Instance, error) {
	o, err := look(ctx, e, label.Role+"="+label.RoleInstance)
	if err != nil {
		return nil, err
	}
	return o.instances(), nil
}

// objects are the networks and containers of instances.
type objects struct {
	networks   []engine.Network
	containers []engine.Container
}

// look asks the engine for the objects that have a label.
func look(ctx context.Context, e *engine.Engine, of string) (o objects, err error) {
	// Containers come and go during the call; the network is made first and removed last, so it is listed first.
	if o.networks, err = e.Networks(ctx, of); err != nil {
		return o, err
	}
	if o.containers, err = e.Containers(ctx, of); err != nil {
		return o, err
	}
	return o, o.heedClaims(ctx, e)
}

// heedClaims gives what has been taken out of a pool the labels of its claim, in place of those of who has filled the pool.
func (o objects) heedClaims(ctx context.Context, e *engine.Engine) error {
	if !slices.ContainsFunc(o.networks, func(n engine.Network) bool { return n.Labels[label.Pool] != "" }) {
		return nil
	}
	claims, err := e.Volumes(ctx, label.Role+"="+label.RoleClaim)
	of := map[string]map[string]string{}
	for _, v := range claims {
		of[v.Labels[label.Instance]] = v.Labels
	}
	claimed := func(labels map[string]string) {
		claim := of[labels[label.Instance]]
		if claim == nil || labels[label.Instance] == "" {
			return
		}
		labels[label.Owner], labels[label.Detached] = claim[label.Owner], claim[label.Detached]
	}
	for _, n := range o.networks {
		claimed(n.Labels)
	}
	for _, c := range o.containers {
		claimed(c.Labels)
	}
	return err
}

// instances returns the instances that the objects belong to, newest first.
func (o objects) instances() []Instance {
	byName := map[string]*Instance{}
	for _, n := range o.networks {
		add(byName, n.Labels)
	}
	for _, c := range o.containers {
		inst := add(byName, c.Labels)
		if isService(c) {
			inst.Services[c.Labels[label.Service]] = c.ID
			inst.observe(c)
		}
	}
	out := make([]Instance, 0, len(byName))
	for _, i := range byName {
		out = append(out, *i)
	}
	slices.SortFunc(out, func(a, b Instance) int {
		return cmp.Or(b.Created.Compare(a.Created), strings.Compare(a.Name, b.Name))
	})
	return out
}

func add(byName map[string]*Instance, labels map[string]string) *Instance {
	name := labels[label.Instance]
	if i := byName[name]; i != nil {
		return i
	}
	created, _ := time.Parse(time.RFC3339Nano, labels[label.Created])
	i := &Instance{
		Name: name, Key: labels[label.Key], Stack: labels[label.Stack],
		Flavor: labels[label.Flavor], Detached: labels[label.Detached] == "true",
		Created: created, State: Starting, Status: "Starting", Services: map[string]string{},
		Ports: map[string]map[int]int{}, Labels: labels, Record: labels[label.Record],
		Pool: labels[label.Pool],
	}
	byName[name] = i
	return i
}

// isService reports whether a container is that of a service, and not of a step, one that fills a volume, or a relay.
func isService(c engine.Container) bool {
	_, volume := label.VolumeName(c.Labels[label.Service])
	return c.Labels[label.Service] != "" && !volume
}

// observe adds what one container shows about the instance.
func (i *Instance) observe(c engine.Container) {
	if url := c.Labels[label.URL]; url != "" {
		i.URL = url
	}
	if private, err := strconv.Atoi(c.Labels[label.Port]); err == nil && c.Ports[private] != 0 {
		i.URL = "http://" + launch.Address(c.Ports[private]) + c.Labels[label.Path]
	}
	ports := parseForwarded(c.Labels[label.Forward])
	maps.Copy(ports, c.Ports)
	if len(ports) > 0 {
		i.Ports[c.Labels[label.Service]] = ports
	}
	done := c.Labels[label.MayEnd] == "true" && c.State == "exited" && strings.HasPrefix(c.Status, "Exited (0)")
	if c.Labels[label.MayEnd] == "true" {
		i.MayEnd = append(i.MayEnd, c.Labels[label.Service])
		slices.Sort(i.MayEnd)
	}
	switch {
	case i.State == Broken:
	case !done && (c.State == "exited" || c.State == "dead"):
		i.State, i.Status = Broken, c.Status
	case label.IsStarting(c.Name):
		i.State, i.Status = Starting, "Starting"
	case label.IsPooled(c.Name):
		i.State, i.Status = Paused, c.Status
	case c.Labels[label.Lead] == "true":
		i.State, i.Status = Ready, c.Status
	}
}
