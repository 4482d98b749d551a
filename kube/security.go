package kube

import (
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/stack"
)

// securityOptions are the values of security_opt that a Pod has something for, and that.
var securityOptions = map[string]func(*corev1.SecurityContext){
	"no-new-privileges":       func(c *corev1.SecurityContext) { c.AllowPrivilegeEscalation = ptr(false) },
	"no-new-privileges=true":  func(c *corev1.SecurityContext) { c.AllowPrivilegeEscalation = ptr(false) },
	"no-new-privileges=false": func(c *corev1.SecurityContext) { c.AllowPrivilegeEscalation = ptr(true) },
	"seccomp=unconfined": func(c *corev1.SecurityContext) {
		c.SeccompProfile = &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeUnconfined}
	},
	"apparmor=unconfined": func(c *corev1.SecurityContext) {
		c.AppArmorProfile = &corev1.AppArmorProfile{Type: corev1.AppArmorProfileTypeUnconfined}
	},
	"label=disable": func(*corev1.SecurityContext) {},
}

// containerSecurity gives a container the rights that it has on an engine.
func containerSecurity(s stack.Service) *corev1.SecurityContext {
	set := s.Settings
	c := &corev1.SecurityContext{ReadOnlyRootFilesystem: ptr(set.ReadOnly)}
	c.RunAsUser, c.RunAsGroup, _ = userOf(s.User) // Check has seen it
	if set.Privileged {
		c.Privileged = ptr(true)
		return c
	}
	c.AllowPrivilegeEscalation = ptr(false)
	c.SeccompProfile = &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault}
	for _, o := range set.SecurityOptions {
		if apply := securityOptions[strings.Replace(o, ":", "=", 1)]; apply != nil {
			apply(c)
		}
	}
	c.Capabilities = &corev1.Capabilities{Add: capabilities(set.CapAdd), Drop: capabilities(set.CapDrop)}
	for _, name := range engine.DroppedCapabilities(set) {
		c.Capabilities.Drop = append(c.Capabilities.Drop, corev1.Capability(name))
	}
	return c
}

// capabilities are names as Kubernetes has them, without CAP_.
func capabilities(list []string) (out []corev1.Capability) {
	for _, name := range list {
		out = append(out, corev1.Capability(strings.TrimPrefix(strings.ToUpper(name), "CAP_")))
	}
	return out
}

// podSecurity is what a Pod has for all of its containers.
func (p *plan) podSecurity() *corev1.PodSecurityContext {
	c := &corev1.PodSecurityContext{}
	seen := map[string]bool{}
	for _, s := range p.services {
		for _, g := range s.Settings.GroupAdd {
			if n, err := strconv.ParseInt(g, 10, 64); err == nil && !slices.Contains(c.SupplementalGroups, n) {
				c.SupplementalGroups = append(c.SupplementalGroups, n)
			}
		}
		for _, name := range sortedKeys(s.Settings.Sysctls) {
			if !seen[name] {
				seen[name] = true
				c.Sysctls = append(c.Sysctls, corev1.Sysctl{Name: name, Value: s.Settings.Sysctls[name]})
			}
		}
	}
	return c
}

// userOf reads UID[:GID]; root is 0.
func userOf(text string) (uid, gid *int64, err error) {
	if text == "" {
		return nil, nil, nil
	}
	user, group, given := strings.Cut(text, ":")
	if uid, err = number(user); err == nil && given {
		gid, err = number(group)
	}
	return uid, gid, err
}

func number(id string) (*int64, error) {
	if id == "root" {
		return ptr(int64(0)), nil
	}
	n, err := strconv.ParseInt(id, 10, 64)
	return &n, err
}
