package engine

import (
	"slices"
	"strings"

	"github.com/docker/docker/api/types/container"

	"github.com/docker-bmo/docker-bmo/stack"
)

// PidsLimit is how many processes and threads a container may have if the stack does not say.
const PidsLimit = 4096

// dropped are the capabilities of docker's default set that containers do without unless the stack adds them: to make
// devices, to forge packets (ping needs none), and to write to the kernel's audit log. What remains is what podman gives,
// with which the entrypoints of databases and web servers change owners and users.
var dropped = []string{"AUDIT_WRITE", "MKNOD", "NET_RAW"}

// noNewPrivileges is a security option: no program gains rights by the set-user-ID bit or file capabilities.
const noNewPrivileges = "no-new-privileges"

// harden takes from a container what few applications need. What the stack says of the same loosens it.
func harden(s stack.Settings, host *container.HostConfig) {
	if host.PidsLimit == nil {
		limit := int64(PidsLimit)
		host.PidsLimit = &limit
	}
	if s.Privileged {
		return
	}
	said := func(o string) bool { return strings.HasPrefix(o, noNewPrivileges) }
	if !slices.ContainsFunc(s.SecurityOptions, said) {
		host.SecurityOpt = append(slices.Clone(s.SecurityOptions), noNewPrivileges+":true")
	}
	host.CapDrop = append(slices.Clone(host.CapDrop), DroppedCapabilities(s)...)
}

// DroppedCapabilities are those that a container does without, besides what its stack drops.
func DroppedCapabilities(s stack.Settings) (list []string) {
	for _, c := range dropped {
		if !hasCapability(s.CapAdd, c) && !hasCapability(s.CapDrop, c) {
			list = append(list, c)
		}
	}
	return list
}

// hasCapability reports whether a list has a capability, in one of the spellings that docker takes.
func hasCapability(list []string, name string) bool {
	return slices.ContainsFunc(list, func(c string) bool {
		c = strings.TrimPrefix(strings.ToUpper(c), "CAP_")
		return c == name || c == "ALL"
	})
}
