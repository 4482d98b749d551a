package kube

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/stack"
)

// Check returns an error for each thing of a stack that a Pod cannot bear.
func Check(st *stack.Stack, flavor string) error {
	c := checking{Stack: st, shape: shapeOf(st, flavor)}
	c.names()
	c.ports()
	c.steps()
	for _, s := range c.services {
		c.files(s)
		c.settings(s)
	}
	c.sysctls()
	c.hosts()
	return errors.Join(c.problems...)
}

type checking struct {
	*stack.Stack
	shape
	problems []error
}

func (c *checking) add(service, what, do string) {
	c.problems = append(c.problems, hint.Wrap(fmt.Errorf("service %s cannot run in a Pod: %s", service, what), do))
}

// names refuses what cannot be told apart, or resolved, by the names that Kubernetes takes.
func (c *checking) names() {
	taken := map[string]string{}
	for _, s := range c.services {
		name := containerName(s.Name)
		if other, ok := taken[name]; ok || name == "" {
			c.add(s.Name, fmt.Sprintf("its container would be called %q, as that of %q", name, other), "rename it")
		}
		taken[name] = s.Name
		waited := slices.ContainsFunc(c.services, func(o stack.Service) bool { return slices.Contains(o.DependsOn, s.Name) })
		for _, alias := range append([]string{s.Name}, s.Aliases...) {
			if waited && len(validation.IsDNS1123Subdomain(alias)) > 0 {
				c.add(s.Name, fmt.Sprintf("Kubernetes resolves no name %q, which others may use", alias), "rename it: small letters, digits, - and .")
			}
		}
	}
}

// ports refuses two services that listen on one port: they share the Pod's address.
func (c *checking) ports() {
	of := map[int]string{}
	for _, s := range c.services {
		for _, port := range listening(c.Stack, s) {
			if other, ok := of[port]; ok && other != s.Name {
				c.add(s.Name, fmt.Sprintf("it listens on port %d, as %s does, and the containers of a Pod share its address", port, other),
					"let one of the two listen on another port")
			}
			of[port] = s.Name
		}
	}
}

// listening are the ports that a service is known to listen on, sorted.
func listening(st *stack.Stack, s stack.Service) []int {
	ports := slices.Clone(s.Ports)
	ports = append(ports, s.Ready.Ports...)
	if s.Ready.MySQL != nil {
		ports = append(ports, s.Ready.MySQL.Port)
	}
	if s.Ready.HTTP != nil {
		ports = append(ports, s.Ready.HTTP.Port)
	}
	if s.Ready.TCP != nil {
		ports = append(ports, s.Ready.TCP.Port)
	}
	if st.URL.Service == s.Name {
		ports = append(ports, st.URL.Port)
	}
	slices.Sort(ports)
	return slices.Compact(ports)
}

// steps refuses steps in a running service that others wait for, since the cluster starts those without asking us, and users
// that it does not know.
func (c *checking) steps() {
	for _, step := range c.Start {
		if step.Exec && c.sidecars[step.Service] {
			c.add(step.Service, "a step of the start runs in it (exec) before others start, which the cluster starts by itself",
				"let the step have a container of its own: leave `exec` out")
		}
		if _, _, err := userOf(step.User); err != nil || step.Exec && step.User != "" {
			c.add(step.Service, "a step of the start runs as "+step.User+": a Pod knows numbers only, and a step in a running service is that service's user",
				"say it as UID[:GID], and leave `exec` out")
		}
	}
}

func (c *checking) files(s stack.Service) {
	for _, f := range s.Files {
		if (f.UID != 0 || f.GID != 0) && f.Mode&0o004 == 0 {
			c.add(s.Name, fmt.Sprintf("%s belongs to user %d and group %d, and files of a Secret are root's", f.Target, f.UID, f.GID),
				"let all read it: mode 0444")
		}
		if path.Dir(path.Clean(f.Target)) == "/" && path.Base(f.Target) == "/" {
			c.add(s.Name, f.Target+" is no file", "")
		}
	}
}

// settings refuses what a container is promised and would not get. What only limits it, or names it, has no effect instead.
func (c *checking) settings(s stack.Service) {
	set := s.Settings
	for _, r := range []struct {
		refused  bool
		key, why string
	}{
		{len(set.Devices) > 0, "devices", "a Pod is given no devices of its node by name"},
		{len(set.DeviceCgroupRules) > 0, "device_cgroup_rules", "a Pod is given no devices of its node by name"},
		{len(set.GPUs) > 0, "gpus", "what they are called differs from cluster to cluster"},
		{set.Runtime != "", "runtime", "which ones there are is the cluster's business"},
		{set.UserNSMode != "", "userns_mode", "which user namespaces there are is the cluster's business"},
	} {
		if r.refused {
			c.add(s.Name, r.key+": "+r.why, "leave it out, or print the manifest with `docker bmo config --format kubernetes` and change it")
		}
	}
	if _, _, err := userOf(s.User); err != nil {
		c.add(s.Name, "user "+s.User+": a Pod knows numbers only", "say it as UID[:GID], or in the image")
	}
	for _, g := range set.GroupAdd {
		if _, err := strconv.ParseInt(g, 10, 64); err != nil {
			c.add(s.Name, "group_add "+g+": a Pod knows numbers only", "say it as a number")
		}
	}
	for _, o := range set.SecurityOptions {
		if _, ok := securityOptions[strings.Replace(o, ":", "=", 1)]; !ok {
			c.add(s.Name, "security_opt "+o+": profiles of one's own are files on the nodes", "leave it out")
		}
	}
	for _, t := range s.Tmpfs {
		if _, err := tmpfsSize(t); err != nil {
			c.add(s.Name, "tmpfs "+t+": "+err.Error(), "say it in bytes, or with k, m or g")
		}
	}
}

// sysctls refuses two values of one setting: those of a Pod are for all of its containers.
func (c *checking) sysctls() {
	values, of := map[string]string{}, map[string]string{}
	for _, s := range c.services {
		for name, value := range s.Settings.Sysctls {
			if before, ok := values[name]; ok && before != value {
				c.add(s.Name, fmt.Sprintf("sysctl %s is %s, and %s in %s: the containers of a Pod share it", name, value, before, of[name]), "let both be equal")
			}
			values[name], of[name] = value, s.Name
		}
	}
}

// hosts refuses addresses that a Pod cannot have in its hosts file, which is one for all services.
func (c *checking) hosts() {
	addresses := map[string]string{}
	for _, s := range c.services {
		for _, h := range s.Settings.ExtraHosts {
			name, address, _ := strings.Cut(h, ":")
			switch before, ok := addresses[name]; {
			case address == "host-gateway":
				c.add(s.Name, "extra_hosts "+h+": a Pod has no address of its host", "leave it out")
			case ok && before != address:
				c.add(s.Name, fmt.Sprintf("extra_hosts %s: %s is %s for another service, and a Pod has one hosts file", h, name, before), "let both be equal")
			}
			addresses[name] = address
		}
	}
}
