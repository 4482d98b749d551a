package build

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	gateway "github.com/moby/buildkit/frontend/gateway/client"

	"github.com/docker-bmo/docker-bmo/contexts"
	"github.com/docker-bmo/docker-bmo/stack"
)

// attrs returns the Dockerfile frontend's attributes for a service, as buildx sends them.
func (r Request) attrs(s stack.Service) map[string]string {
	a := map[string]string{"platform": r.Platform, "filename": r.Contexts.Dockerfiles[s.Name]}
	if b := r.Stack.BuildOf(s); b != nil {
		addBuild(a, b)
	}
	for k, v := range r.Args {
		a["build-arg:"+k] = v
	}
	for k, v := range r.Proxies {
		if _, given := a["build-arg:"+k]; !given {
			a["build-arg:"+k] = v
		}
	}
	trees, remote := r.Contexts.Named(s.Name)
	for name := range trees {
		full := "service/" + s.Name + "/" + name
		if _, own := r.Contexts.Trees[full]; !own {
			full = name
		}
		a["context:"+name] = "local:" + full
	}
	for name, url := range remote {
		if service, ok := strings.CutPrefix(url, contexts.ServicePrefix); ok {
			url = input + service
		}
		a["context:"+name] = url
	}
	if r.NoCache {
		a["no-cache"] = ""
	}
	if r.Pull {
		a["image-resolve-mode"] = "pull"
	}
	return a
}

// addBuild adds what a Compose file says of a build.
func addBuild(a map[string]string, b *stack.Build) {
	a["target"] = b.Target
	for k, v := range b.Args {
		a["build-arg:"+k] = v
	}
	for k, v := range b.Labels {
		a["label:"+k] = v
	}
	if len(b.ExtraHosts) > 0 {
		a[addHosts] = extraHosts(b.ExtraHosts)
	}
	if b.Network != "" && b.Network != "default" {
		a["force-network-mode"] = b.Network
	}
	if b.ShmSize > 0 {
		a["shm-size"] = strconv.FormatInt(b.ShmSize, 10)
	}
	var limits []string
	for _, name := range slices.Sorted(maps.Keys(b.Ulimits)) {
		limits = append(limits, fmt.Sprintf("%s=%d:%d", name, b.Ulimits[name].Soft, b.Ulimits[name].Hard))
	}
	if len(limits) > 0 {
		a["ulimit"] = strings.Join(limits, ",")
	}
}

// addHosts is the attribute of the lines that RUN has in /etc/hosts.
const addHosts = "add-hosts"

// extraHosts turns NAME:ADDRESS, and ADDRESS in brackets, into what the frontend takes.
func extraHosts(hosts []string) string {
	var list []string
	for _, h := range hosts {
		name, address, _ := strings.Cut(h, ":")
		list = append(list, name+"="+strings.Trim(address, "[]"))
	}
	return strings.Join(list, ",")
}

// hostGateway is what stands for the address of the engine's host, which BuildKit's workers know.
const hostGateway, gatewayLabel = "=host-gateway", "org.mobyproject.buildkit.worker.moby.host-gateway-ip"

// resolveGateway puts the address of the engine's host into the attributes that ask for it.
func resolveGateway(attrs map[string]string, workers []gateway.WorkerInfo) {
	for _, w := range workers {
		if ip := w.Labels[gatewayLabel]; ip != "" && attrs[addHosts] != "" {
			attrs[addHosts] = strings.ReplaceAll(attrs[addHosts], hostGateway, "="+ip)
		}
	}
}

// entitlements are what a service's build may do beyond the usual.
func (r Request) entitlements(s stack.Service) []string {
	var list []string
	for _, b := range r.builds(s) {
		list = append(list, b.Entitlements...)
		if b.Network == "host" {
			list = append(list, "network.host")
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// mounted is what counts of a place.
type mounted struct {
	Target, Content, User string
	File, Empty           bool
}

// identity is equal for services that get the same image: local contexts are compared by content, not by name. Secrets
// and SSH count by where they come from: they change nothing in an image that its key knows of, and yet a build with
// others is another one.
func (r Request) identity(s stack.Service, attrs map[string]string) string {
	same := maps.Clone(attrs)
	for k, v := range same {
		if name, ok := strings.CutPrefix(v, "local:"); ok && strings.HasPrefix(k, "context:") {
			same[k] = r.Contexts.Trees[name].Digest().String()
		}
	}
	same["context"] = r.Contexts.Trees["service/"+s.Name].Digest().String()
	same["dockerfile"] = r.Contexts.Trees["dockerfile/"+s.Name].Digest().String()
	id := struct {
		Attrs        map[string]string
		Entitlements []string
		Secrets      map[string]stack.Content
		SSH          []string
		Mounts       []mounted
	}{Attrs: same, Entitlements: r.entitlements(s)}
	if b := r.Stack.BuildOf(s); b != nil {
		id.Secrets, id.SSH = b.Secrets, b.SSH
	}
	for _, p := range r.places(s, nil) {
		m := mounted{Target: p.target, File: p.file, Empty: p.empty}
		if p.tree != "" {
			m.Content, m.User = r.Contexts.Trees[p.tree].Digest().String(), s.User
		}
		id.Mounts = append(id.Mounts, m)
	}
	j, err := json.Marshal(id)
	if err != nil {
		panic(err) // strings always marshal
	}
	return string(j)
}
