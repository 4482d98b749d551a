package enginetest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/mount"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/go-connections/nat"

	"github.com/docker-bmo/docker-bmo/engine"
)

// States of a container, as docker calls them.
const (
	created = "created"
	running = "running"
	exited  = "exited"
)

// Gateway is that of every network. It is an address of no machine, so that containers cannot be reached by theirs.
const Gateway = "198.51.100.1"

type ctr struct {
	id, name, image, imageID string
	config                   container.Config
	host                     container.HostConfig
	networking               network.NetworkingConfig
	files                    files  // written by the container and into it
	network                  string // identifier
	address                  string // on that network
	bare                     bool
	made, finished           time.Time
	fake                     *Fake
	volumes                  []string        // anonymous ones
	mounts                   map[string]*vol // by path

	state   string
	paused  bool
	started time.Time
	code    int
	proc    *Proc
	out     *output
	// generated is the log in place of out, if it is not nil.
	generated *generated
	ports     nat.PortMap
	// ended and removed are closed when that has happened.
	ended, removed chan struct{}
}

func (f *Fake) createContainer(_ http.ResponseWriter, r *http.Request) (any, error) {
	req := container.CreateRequest{Config: &container.Config{}}
	if err := json.NewDecoder(r.Body).Decode(&req); err != nil {
		return nil, &fault{http.StatusBadRequest, err.Error()}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	name := r.URL.Query().Get("name")
	if c := f.findContainer(name); c != nil {
		return nil, conflict("Conflict. The container name %q is already in use by container %q.", "/"+name, c.id)
	}
	image := f.findImage(req.Image)
	if image == nil {
		return nil, notFound("image", req.Image)
	}
	c := &ctr{
		id: f.id("container"), name: name, image: req.Image, imageID: image.ID, config: *req.Config, made: f.now(), fake: f,
		bare: image.Bare, state: created, out: newOutput(f.now), ended: make(chan struct{}), removed: make(chan struct{}),
		files: files{}, mounts: map[string]*vol{},
	}
	// A container inherits the labels of its image.
	c.config.Labels = maps.Clone(image.Labels)
	if c.config.Labels == nil {
		c.config.Labels = map[string]string{}
	}
	maps.Copy(c.config.Labels, req.Labels)
	if req.NetworkingConfig != nil {
		c.networking = *req.NetworkingConfig
	}
	if req.HostConfig != nil {
		c.host = *req.HostConfig
	}
	if err := f.join(c, string(c.host.NetworkMode)); err != nil {
		return nil, err
	}
	for _, m := range c.host.Mounts {
		f.mount(c, image, m)
	}
	for _, path := range image.Volumes {
		if c.mounts[path] == nil {
			f.mount(c, image, mount.Mount{Target: path})
		}
	}
	f.containers[c.id] = c
	f.happen(c, "create")
	return container.CreateResponse{ID: c.id, Warnings: []string{}}, nil
}

// join puts a container on a network, or on that of another container; f.mu is held.
func (f *Fake) join(c *ctr, ref string) error {
	if ref == "" || ref == engine.NoNetwork {
		return nil
	}
	if id, ok := strings.CutPrefix(ref, "container:"); ok {
		if of := f.containers[id]; of == nil || of.state != running {
			return conflict("cannot join network of a non running container: %s", id)
		}
		return nil
	}
	n := f.findNetwork(ref)
	if n == nil {
		return notFound("network", ref)
	}
	f.serial++
	c.network, c.address = n.id, fmt.Sprintf("198.51.%d.%d", f.serial/250, f.serial%250+2) // for documentation: nobody is there
	return nil
}

func (f *Fake) findContainer(ref string) *ctr {
	for _, c := range f.containers {
		if c.id == ref || c.name == strings.TrimPrefix(ref, "/") {
			return c
		}
	}
	return nil
}

// container returns the container that a request is about; f.mu is held.
func (f *Fake) container(r *http.Request) (*ctr, error) {
	if c := f.findContainer(r.PathValue("id")); c != nil {
		return c, nil
	}
	return nil, notFound("container", r.PathValue("id"))
}

func (f *Fake) listContainers(_ http.ResponseWriter, r *http.Request) (any, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := []container.Summary{}
	for _, c := range f.containers {
		ok, err := labelled(r, c.config.Labels)
		if err != nil {
			return nil, err
		}
		if ok && onNetwork(r, c) && (c.state == running || r.URL.Query().Get("all") == "1") {
			out = append(out, container.Summary{
				ID: c.id, Names: []string{"/" + c.name}, Image: c.image, ImageID: c.imageID, Labels: c.config.Labels,
				Created: c.made.Unix(), State: c.shownState(), Status: c.status(), Ports: c.summaryPorts(),
			})
		}
	}
	slices.SortFunc(out, func(a, b container.Summary) int { return strings.Compare(a.Names[0], b.Names[0]) })
	return out, nil
}

// onNetwork reports whether a container is on the network that a request asks for, if it does.
func onNetwork(r *http.Request, c *ctr) bool {
	args, err := filters.FromJSON(r.URL.Query().Get("filters"))
	return err != nil || !args.Contains("network") || args.ExactMatch("network", c.network)
}

func (c *ctr) status() string {
	if c.state == exited {
		return fmt.Sprintf("Exited (%d)", c.code)
	}
	return map[string]string{created: "Created", running: "Up", "paused": "Up (Paused)"}[c.shownState()]
}

func (c *ctr) summaryPorts() []container.Port {
	var out []container.Port
	for p, bindings := range c.ports {
		for _, b := range bindings {
			public, _ := strconv.ParseUint(b.HostPort, 10, 16)
			out = append(out, container.Port{
				IP: b.HostIP, PrivatePort: uint16(p.Int()), PublicPort: uint16(public), Type: "tcp",
			})
		}
	}
	return out
}

func (f *Fake) inspectContainer(_ http.ResponseWriter, r *http.Request) (any, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	c, err := f.container(r)
	if err != nil {
		return nil, err
	}
	settings := &container.NetworkSettings{}
	settings.Ports = c.ports
	if c.network != "" && c.state == running {
		settings.Networks = map[string]*network.EndpointSettings{
			f.networks[c.network].name: {NetworkID: c.network, IPAddress: c.address, Gateway: Gateway},
		}
	}
	return container.InspectResponse{
		ContainerJSONBase: &container.ContainerJSONBase{
			ID: c.id, Name: "/" + c.name, Image: c.imageID, HostConfig: &c.host,
			Created: stamp(c.made),
			State: &container.State{
				Status: c.shownState(), Running: c.state == running, Paused: c.paused, ExitCode: c.code, StartedAt: stamp(c.started), FinishedAt: stamp(c.finished),
			},
		},
		Config:          &c.config,
		NetworkSettings: settings,
	}, nil
}

// stamp returns a time as the engine gives it: year 1 stands for never.
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

func (f *Fake) renameContainer(_ http.ResponseWriter, r *http.Request) (any, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	c, err := f.container(r)
	if err != nil {
		return nil, err
	}
	name := r.URL.Query().Get("name")
	if c.name == name {
		return nil, &fault{http.StatusBadRequest, "Renaming a container with the same name as its current name"}
	}
	if other := f.findContainer(name); other != nil {
		return nil, conflict("Error when allocating new name: Conflict. The container name %q is already in use", "/"+name)
	}
	old := c.name
	c.name = name
	f.happen(c, "rename", "oldName", "/"+old)
	return nil, nil
}

func (f *Fake) removeContainer(_ http.ResponseWriter, r *http.Request) (any, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	c, err := f.container(r)
	if err != nil {
		return nil, err
	}
	if c.state == running {
		if r.URL.Query().Get("force") != "1" {
			return nil, conflict("cannot remove container %q: "+
				"container is running: stop the container before removing or force remove", "/"+c.name)
		}
		f.happen(c, "kill", "signal", "9")
		c.end(137)
	}
	f.happen(c, "destroy")
	c.out.close()
	close(c.removed)
	delete(f.containers, c.id)
	if r.URL.Query().Get("v") == "1" {
		for _, v := range c.volumes {
			delete(f.volumes, v)
		}
	}
	return nil, nil
}

// SetAddress changes the address of a container, for tests that have a server of their own there.
func (f *Fake) SetAddress(name, address string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if c := f.findContainer(name); c != nil {
		c.address = address
	}
}
