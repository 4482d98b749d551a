package engine

import (
	"maps"
	"strings"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/network"

	"github.com/docker-bmo/docker-bmo/stack"
)

// applySettings puts what a Compose file says of a container, and means the same to the engine, into the request that
// creates it. It replaces nothing that is docker bmo's own: its labels win over those of the file.
func applySettings(s stack.Settings, cfg *container.Config, host *container.HostConfig, endpoint *network.EndpointSettings) {
	labels := maps.Clone(s.Labels)
	if labels == nil {
		labels = map[string]string{}
	}
	maps.Copy(labels, cfg.Labels)
	cfg.Labels, cfg.Domainname = labels, s.DomainName
	cfg.OpenStdin, cfg.Tty = s.StdinOpen, s.TTY
	endpoint.MacAddress = s.MacAddress

	host.Annotations = s.Annotations
	host.CapAdd, host.CapDrop = s.CapAdd, s.CapDrop
	host.CgroupnsMode, host.CgroupParent = container.CgroupnsMode(s.Cgroup), s.CgroupParent
	host.DNS, host.DNSOptions, host.DNSSearch = s.DNS, s.DNSOptions, s.DNSSearch
	host.ExtraHosts, host.GroupAdd = s.ExtraHosts, s.GroupAdd
	host.IpcMode, host.UTSMode, host.UsernsMode = container.IpcMode(s.IPC), container.UTSMode(s.UTS), container.UsernsMode(s.UserNSMode)
	host.LogConfig = container.LogConfig{Type: s.LogDriver, Config: s.LogOptions}
	host.OomScoreAdj, host.Privileged, host.ReadonlyRootfs = s.OOMScoreAdj, s.Privileged, s.ReadOnly
	host.Runtime, host.SecurityOpt = s.Runtime, s.SecurityOptions
	host.StorageOpt, host.Sysctls = s.StorageOptions, s.Sysctls
	applyResources(s, &host.Resources)
	harden(s, host)
}

// applyResources sets the limits and the devices.
func applyResources(s stack.Settings, r *container.Resources) {
	r.BlkioWeight, r.CpusetCpus, r.CPUShares = s.BlkioWeight, s.CPUSet, s.CPUShares
	r.CPUPeriod, r.CPUQuota, r.NanoCPUs = s.CPUPeriod, s.CPUQuota, int64(s.CPUs*1e9)
	r.CPURealtimePeriod, r.CPURealtimeRuntime = s.CPURTPeriod, s.CPURTRuntime
	r.MemoryReservation, r.MemorySwap, r.MemorySwappiness = s.MemReservation, s.MemSwapLimit, s.MemSwappiness
	r.DeviceCgroupRules = s.DeviceCgroupRules
	if s.OOMKillDisable {
		r.OomKillDisable = &s.OOMKillDisable
	}
	if s.PidsLimit != 0 {
		r.PidsLimit = &s.PidsLimit
	}
	for _, d := range s.Devices {
		r.Devices = append(r.Devices, container.DeviceMapping{
			PathOnHost: d.Source, PathInContainer: d.Target, CgroupPermissions: d.Permissions,
		})
	}
	for _, g := range s.GPUs {
		r.DeviceRequests = append(r.DeviceRequests, deviceRequest(g))
	}
}

// deviceRequest is what docker makes of a request for GPUs: without capabilities it is for any GPU, and without a count
// or identifiers for all of them.
func deviceRequest(g stack.GPU) container.DeviceRequest {
	capabilities := g.Capabilities
	if len(capabilities) == 0 {
		capabilities = []string{"gpu"}
	}
	count := g.Count
	if count == 0 && len(g.DeviceIDs) == 0 {
		count = -1
	}
	return container.DeviceRequest{
		Driver: g.Driver, Count: count, DeviceIDs: g.DeviceIDs, Options: g.Options, Capabilities: [][]string{capabilities},
	}
}

// tmpfs splits "PATH:OPTIONS" as Compose writes it.
func tmpfs(list []string) map[string]string {
	m := map[string]string{}
	for _, t := range list {
		path, opts, _ := strings.Cut(t, ":")
		m[path] = opts
	}
	return m
}
