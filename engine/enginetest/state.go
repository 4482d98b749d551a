package enginetest

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/network"
)

// sealRequest is what hooks see of a Seal.
var sealRequest = &http.Request{Method: http.MethodPost, URL: &url.URL{Path: "/seal"}}

// Objects lists everything that is on the engine, sorted, each as "container NAME", "network NAME", "volume NAME" or
// "image NAMES", and for an image without a name "image ID".
func (f *Fake) Objects() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []string
	for _, c := range f.containers {
		out = append(out, "container "+c.name)
	}
	for _, n := range f.networks {
		out = append(out, "network "+n.name)
	}
	for _, v := range f.volumes {
		out = append(out, "volume "+v.name)
	}
	for _, i := range f.images {
		name := strings.Join(i.Tags, " ")
		if name == "" {
			name = i.ID
		}
		out = append(out, "image "+name)
	}
	slices.Sort(out)
	return out
}

// Container is what is visible of a container from outside.
type Container struct {
	ID, Name, Image, State string
	ExitCode               int
	Config                 container.Config
	Host                   container.HostConfig
	Networking             network.NetworkingConfig
}

// Container returns the container of that name or identifier.
func (f *Fake) Container(ref string) (Container, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	c := f.findContainer(ref)
	if c == nil {
		return Container{}, false
	}
	return Container{
		ID: c.id, Name: c.name, Image: c.image, State: c.shownState(), ExitCode: c.code, Config: c.config, Host: c.host,
		Networking: c.networking,
	}, true
}
