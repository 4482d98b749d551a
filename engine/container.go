package engine

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/go-connections/nat"

	"github.com/docker-bmo/docker-bmo/stack"
)

// Loopback is the only address on which ports are published.
const Loopback = "127.0.0.1"

// NoNetwork is what a container joins that is to reach nothing but itself.
const NoNetwork = "none"

// ContainerSpec describes a container to create.
type ContainerSpec struct {
	Name, Image string
	// Entrypoint and Command replace those of the image when not nil.
	Entrypoint, Command []string
	// Environment holds KEY=VALUE pairs.
	Environment          []string
	Labels               map[string]string
	User, WorkingDir     string
	Hostname, StopSignal string
	Tmpfs                []string
	// Network is the only network that the container joins, under Aliases; NoNetwork for none.
	Network string
	Aliases []string
	// Publish maps container ports to ports on Loopback; 0 lets the engine choose.
	Publish map[int]int
	// MemLimit and ShmSize are in bytes; 0 means none, or the engine's default.
	MemLimit, ShmSize int64
	// Ulimits maps a limit's name to its soft and hard value.
	Ulimits map[string][2]int64
	// Init runs the engine's own init as process 1.
	Init bool
	// Mounts are the volumes, and Settings what else the stack says of the container.
	Mounts   []Mount
	Settings stack.Settings
}

// Container is a container of the engine.
type Container struct {
	ID, Name, Image, ImageID string
	// State is docker's own term: created, running, exited, ...
	State, Status string
	Labels        map[string]string
	Created       time.Time
	// Ports maps container ports to those published on Loopback.
	Ports map[int]int
}

// CreateContainer creates a container without starting it. Its name is a lock: IsConflict reports that it is taken.
func (e *Engine) CreateContainer(ctx context.Context, s ContainerSpec) (id string, err error) {
	exposed, bindings := nat.PortSet{}, nat.PortMap{}
	for port, public := range s.Publish {
		p := nat.Port(strconv.Itoa(port) + "/tcp")
		exposed[p] = struct{}{}
		bindings[p] = []nat.PortBinding{{HostIP: Loopback, HostPort: hostPort(public)}}
	}
	cfg := &container.Config{
		Image: s.Image, Entrypoint: s.Entrypoint, Cmd: s.Command, Env: s.Environment, Labels: s.Labels,
		User: s.User, WorkingDir: s.WorkingDir, Hostname: s.Hostname, StopSignal: s.StopSignal, ExposedPorts: exposed,
		// Readiness is checked by docker bmo; a health check of the image would only burn CPU in every instance.
		Healthcheck: &container.HealthConfig{Test: []string{"NONE"}},
	}
	host := &container.HostConfig{
		NetworkMode: container.NetworkMode(s.Network), PortBindings: bindings, Tmpfs: tmpfs(s.Tmpfs),
		Resources: container.Resources{Memory: s.MemLimit}, ShmSize: s.ShmSize,
	}
	if s.Init {
		host.Init = &s.Init
	}
	for name, l := range s.Ulimits {
		host.Ulimits = append(host.Ulimits, &container.Ulimit{Name: name, Soft: l[0], Hard: l[1]})
	}
	endpoint := &network.EndpointSettings{Aliases: s.Aliases}
	applySettings(s.Settings, cfg, host, endpoint)
	nets := &network.NetworkingConfig{EndpointsConfig: map[string]*network.EndpointSettings{}}
	if s.Network != "" && s.Network != NoNetwork {
		nets.EndpointsConfig[s.Network] = endpoint
	}
	if host.Mounts, err = e.mounts(s.Mounts); err != nil {
		return "", fmt.Errorf("create container %s: %w", s.Name, err)
	}
	ctx, done, err := settling(ctx)
	if err != nil {
		return "", err
	}
	defer done()
	c, err := e.api.ContainerCreate(ctx, cfg, host, nets, nil, s.Name)
	if err != nil {
		return "", fmt.Errorf("create container %s: %w", s.Name, Plain(err))
	}
	return c.ID, nil
}

func hostPort(p int) string {
	if p == 0 {
		return ""
	}
	return strconv.Itoa(p)
}

// Containers lists the containers, running or not, that have all of the labels.
func (e *Engine) Containers(ctx context.Context, labels ...string) ([]Container, error) {
	list, err := e.api.ContainerList(ctx, container.ListOptions{All: true, Filters: labelFilter(labels)})
	if err != nil {
		return nil, fmt.Errorf("list containers: %w", Plain(err))
	}
	out := make([]Container, len(list))
	for i, c := range list {
		out[i] = Container{
			ID: c.ID, Image: c.Image, ImageID: c.ImageID, State: c.State, Status: c.Status,
			Labels: c.Labels, Created: time.Unix(c.Created, 0).UTC(), Ports: map[int]int{},
		}
		if len(c.Names) > 0 {
			out[i].Name = c.Names[0][1:]
		}
		for _, p := range c.Ports {
			if p.IP == Loopback {
				out[i].Ports[int(p.PrivatePort)] = int(p.PublicPort)
			}
		}
	}
	return out, nil
}

// ErrNotPublished reports that a container's port cannot be reached from outside: it is not published, or the container
// is not running.
var ErrNotPublished = errors.New("is not published")

// PublishedPort returns the port on Loopback that a running container's port is published at. It returns an error that
// wraps ErrNotPublished if there is none; if there is no such container, IsNotFound reports true for the error.
func (e *Engine) PublishedPort(ctx context.Context, id string, port int) (int, error) {
	c, err := e.api.ContainerInspect(ctx, id)
	if err != nil {
		return 0, fmt.Errorf("inspect container %s: %w", id, Plain(err))
	}
	for _, b := range c.NetworkSettings.Ports[nat.Port(strconv.Itoa(port)+"/tcp")] {
		if p, err := strconv.Atoi(b.HostPort); err == nil {
			return p, nil
		}
	}
	return 0, fmt.Errorf("port %d of container %s %w", port, c.Name, ErrNotPublished)
}

// Rename gives a container another name.
func (e *Engine) Rename(ctx context.Context, id, name string) error {
	if err := e.api.ContainerRename(ctx, id, name); err != nil {
		return fmt.Errorf("rename container %s: %w", name, Plain(err))
	}
	return nil
}

// removal is how long to wait for a container that another process is removing.
const removal = 20 * time.Second

// RemoveContainer kills and removes a container and its anonymous volumes. It is no error if the container is already
// gone; if another process is removing it, RemoveContainer returns once it is gone.
func (e *Engine) RemoveContainer(ctx context.Context, id string) error {
	if e.onRemove != nil {
		e.onRemove(ctx, id)
	}
	err := e.api.ContainerRemove(ctx, id, container.RemoveOptions{Force: true, RemoveVolumes: true})
	if IsConflict(err) {
		wait, cancel := context.WithTimeout(ctx, removal)
		defer cancel()
		if e.waitRemoved(wait, id) == nil {
			return nil
		}
	}
	if err != nil && !IsNotFound(err) {
		return fmt.Errorf("remove container %s: %w", id, Plain(err))
	}
	return nil
}

// OnRemove has fn called before each removal of a container by RemoveContainer. Whatever it does, the container is
// removed.
func (e *Engine) OnRemove(fn func(ctx context.Context, id string)) { e.onRemove = fn }

// waitRemoved returns when the container is gone.
func (e *Engine) waitRemoved(ctx context.Context, id string) error {
	done, errs := e.api.ContainerWait(ctx, id, container.WaitConditionRemoved)
	select {
	case <-done:
		return nil
	case err := <-errs:
		if IsNotFound(err) {
			return nil
		}
		return err
	}
}
