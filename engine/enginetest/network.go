package enginetest

import (
	"encoding/json"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/volume"
)

type netw struct {
	id, name string
	labels   map[string]string
	subnet   netip.Prefix // invalid if the engine was to choose one
}

type vol struct {
	name   string
	labels map[string]string
	files  files
}

func (f *Fake) createNetwork(_ http.ResponseWriter, r *http.Request) (any, error) {
	var req network.CreateRequest
	if err := json.NewDecoder(r.Body).Decode(&req); err != nil {
		return nil, &fault{http.StatusBadRequest, err.Error()}
	}
	subnet := ""
	if req.IPAM != nil && len(req.IPAM.Config) > 0 {
		subnet = req.IPAM.Config[0].Subnet
	}
	id, err := f.addNetwork(req.Name, subnet, req.Labels)
	return network.CreateResponse{ID: id}, err
}

// AddNetwork creates a network, as a request to the engine does.
func (f *Fake) AddNetwork(name string, labels map[string]string) (id string, err error) {
	return f.addNetwork(name, "", labels)
}

// AddSubnet creates a network with that subnet, as others do.
func (f *Fake) AddSubnet(name, subnet string) (id string, err error) {
	return f.addNetwork(name, subnet, nil)
}

func (f *Fake) addNetwork(name, subnet string, labels map[string]string) (id string, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, n := range f.networks {
		if n.name == name {
			return "", conflict("network with name %s already exists", name)
		}
	}
	n := &netw{id: f.id("network"), name: name, labels: labels}
	if subnet != "" {
		if n.subnet, err = netip.ParsePrefix(subnet); err != nil {
			return "", &fault{http.StatusBadRequest, err.Error()}
		}
		for _, o := range f.networks {
			if o.subnet.Overlaps(n.subnet) {
				return "", &fault{http.StatusForbidden, "invalid pool request: Pool overlaps with other one on this address space"}
			}
		}
	}
	f.networks[n.id] = n
	return n.id, nil
}

func (f *Fake) listNetworks(_ http.ResponseWriter, r *http.Request) (any, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := []network.Inspect{}
	for _, n := range f.networks {
		ok, err := labelled(r, n.labels)
		if err != nil {
			return nil, err
		}
		if ok {
			one := network.Inspect{ID: n.id, Name: n.name, Labels: n.labels, Driver: "bridge"}
			if n.subnet.IsValid() {
				one.IPAM.Config = []network.IPAMConfig{{Subnet: n.subnet.String()}}
			}
			out = append(out, one)
		}
	}
	slices.SortFunc(out, func(a, b network.Inspect) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}

func (f *Fake) removeNetwork(_ http.ResponseWriter, r *http.Request) (any, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := f.findNetwork(r.PathValue("id"))
	if n == nil {
		return nil, notFound("network", r.PathValue("id"))
	}
	for _, c := range f.containers {
		if c.network == n.id && c.state == running {
			return nil, &fault{http.StatusForbidden, "error while removing network: network " + n.name + " has active endpoints"}
		}
	}
	delete(f.networks, n.id)
	return nil, nil
}

func (f *Fake) findNetwork(ref string) *netw {
	for _, n := range f.networks {
		if n.id == ref || n.name == ref {
			return n
		}
	}
	return nil
}

// AddVolume creates a volume.
func (f *Fake) AddVolume(name string, labels map[string]string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.addVolume(name, labels)
}

func (f *Fake) addVolume(name string, labels map[string]string) *vol {
	if f.volumes[name] == nil {
		f.volumes[name] = &vol{name: name, labels: labels, files: files{}}
	}
	return f.volumes[name]
}

// createVolume returns the volume of that name when there is one, as the engine does.
func (f *Fake) createVolume(_ http.ResponseWriter, r *http.Request) (any, error) {
	var req volume.CreateOptions
	if err := json.NewDecoder(r.Body).Decode(&req); err != nil {
		return nil, &fault{http.StatusBadRequest, err.Error()}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	v := f.addVolume(req.Name, req.Labels)
	return volume.Volume{Name: v.name, Labels: v.labels}, nil
}

func (f *Fake) listVolumes(_ http.ResponseWriter, r *http.Request) (any, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := volume.ListResponse{Volumes: []*volume.Volume{}}
	for _, v := range f.volumes {
		ok, err := labelled(r, v.labels)
		if err != nil {
			return nil, err
		}
		if ok {
			out.Volumes = append(out.Volumes, &volume.Volume{Name: v.name, Labels: v.labels})
		}
	}
	slices.SortFunc(out.Volumes, func(a, b *volume.Volume) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}

func (f *Fake) removeVolume(_ http.ResponseWriter, r *http.Request) (any, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	name := r.PathValue("name")
	if f.volumes[name] == nil {
		return nil, notFound("volume", name)
	}
	for _, c := range f.containers {
		for _, v := range c.mounts {
			if v.name == name {
				return nil, conflict("remove %s: volume is in use - [%s]", name, c.id)
			}
		}
	}
	delete(f.volumes, name)
	return nil, nil
}
