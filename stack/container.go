package stack

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	composedotenv "github.com/compose-spec/compose-go/v2/dotenv"
)

// settings returns what is handed to the engine as the file has it, and refuses what belongs to the engine's host.
func (l *loading) settings(at string, cfg types.ServiceConfig) Settings {
	s := Settings{
		Annotations: cfg.Annotations, CapAdd: cfg.CapAdd, CapDrop: cfg.CapDrop,
		Cgroup: l.ownNamespace(at+".cgroup", cfg.Cgroup), CgroupParent: cfg.CgroupParent,
		CPUPeriod: cfg.CPUPeriod, CPUQuota: cfg.CPUQuota, CPURTPeriod: cfg.CPURTPeriod, CPURTRuntime: cfg.CPURTRuntime,
		CPUs: decimal(cfg.CPUS), CPUSet: cfg.CPUSet, CPUShares: cfg.CPUShares,
		DeviceCgroupRules: cfg.DeviceCgroupRules, DNS: cfg.DNS, DNSOptions: cfg.DNSOpts, DNSSearch: cfg.DNSSearch,
		DomainName: cfg.DomainName, ExtraHosts: hosts(cfg.ExtraHosts), GPUs: gpus(cfg.Gpus), GroupAdd: cfg.GroupAdd,
		IPC: l.ownNamespace(at+".ipc", cfg.Ipc), Labels: l.labels(at, cfg), MacAddress: cfg.MacAddress,
		MemReservation: int64(cfg.MemReservation), MemSwapLimit: int64(cfg.MemSwapLimit),
		OOMKillDisable: cfg.OomKillDisable, OOMScoreAdj: int(cfg.OomScoreAdj), PidsLimit: cfg.PidsLimit,
		Privileged: cfg.Privileged, ReadOnly: cfg.ReadOnly, Runtime: cfg.Runtime, SecurityOptions: cfg.SecurityOpt,
		StdinOpen: cfg.StdinOpen, StorageOptions: cfg.StorageOpt, Sysctls: cfg.Sysctls, TTY: cfg.Tty,
		UserNSMode: cfg.UserNSMode, UTS: l.ownNamespace(at+".uts", cfg.Uts),
	}
	l.ownNamespace(at+".pid", cfg.Pid)
	if cfg.BlkioConfig != nil {
		s.BlkioWeight = cfg.BlkioConfig.Weight
	}
	if cfg.MemSwappiness != 0 {
		swappiness := int64(cfg.MemSwappiness)
		s.MemSwappiness = &swappiness
	}
	if cfg.Logging != nil {
		s.LogDriver, s.LogOptions = cfg.Logging.Driver, cfg.Logging.Options
	}
	for _, d := range cfg.Devices {
		s.Devices = append(s.Devices, Device{Source: d.Source, Target: d.Target, Permissions: d.Permissions})
	}
	return s
}

// hosts are NAME:ADDRESS, sorted.
func hosts(cfg types.HostsList) []string {
	if len(cfg) == 0 {
		return nil
	}
	list := cfg.AsList(":")
	slices.Sort(list)
	return list
}

// decimal returns the number that a file has as such: 0.1 as a float32 is another one as a float64.
func decimal(f float32) float64 {
	d, _ := strconv.ParseFloat(strconv.FormatFloat(float64(f), 'g', -1, 32), 64)
	return d
}

// ownNamespace refuses a namespace that is not the container's own.
func (l *loading) ownNamespace(at, mode string) string {
	switch {
	case mode == "host":
		l.problems.add(at, "host is not supported: "+ownHost, "leave it out")
	case strings.HasPrefix(mode, types.ServicePrefix), strings.HasPrefix(mode, types.ContainerPrefix):
		l.problems.add(at, "the namespace of another container is not supported", "leave it out")
	}
	return mode
}

func gpus(requests []types.DeviceRequest) (list []GPU) {
	for _, r := range requests {
		list = append(list, GPU{
			Driver: r.Driver, Count: int(r.Count), DeviceIDs: r.IDs, Capabilities: r.Capabilities, Options: r.Options,
		})
	}
	return list
}

// labels are those of label_file and, on top, those of labels.
func (l *loading) labels(at string, cfg types.ServiceConfig) map[string]string {
	all := map[string]string{}
	for i, file := range cfg.LabelFiles {
		content, err := l.tree.read(file)
		if err == nil {
			var labels map[string]string
			labels, err = composedotenv.UnmarshalBytesWithLookup(content, l.vars.lookup)
			maps.Copy(all, labels)
		}
		if err != nil {
			l.problems.add(fmt.Sprintf("%s.label_file[%d]", at, i), err.Error(), "")
		}
	}
	maps.Copy(all, cfg.Labels)
	if len(all) == 0 {
		return nil
	}
	return all
}

// limits takes the limits of deploy.resources, which win over the older keys, as for Compose.
func (l *loading) limits(s *Service, cfg types.ServiceConfig) {
	if cfg.Deploy == nil {
		return
	}
	if r := cfg.Deploy.Resources.Limits; r != nil {
		if r.NanoCPUs != 0 {
			s.Settings.CPUs = decimal(float32(r.NanoCPUs))
		}
		if r.MemoryBytes != 0 {
			s.MemLimit = int64(r.MemoryBytes)
		}
		if r.Pids != 0 {
			s.Settings.PidsLimit = r.Pids
		}
	}
	if r := cfg.Deploy.Resources.Reservations; r != nil {
		if r.MemoryBytes != 0 {
			s.Settings.MemReservation = int64(r.MemoryBytes)
		}
		s.Settings.GPUs = append(s.Settings.GPUs, gpus(r.Devices)...)
	}
}

// startHooks makes steps of each start of what Compose runs in a container after it has started.
func (l *loading) startHooks(at string, cfg types.ServiceConfig) {
	for i, hook := range cfg.PostStart {
		if hook.Privileged {
			l.problems.add(fmt.Sprintf("%s.post_start[%d].privileged", at, i), "not supported", "leave it out")
		}
		env := map[string]string{}
		for name, value := range hook.Environment {
			if value == nil {
				v, _ := l.vars.lookup(name)
				value = &v
			}
			env[name] = *value
		}
		l.stack.Start = append(l.stack.Start, Step{
			Service: cfg.Name, Command: hook.Command, Exec: true, User: hook.User, WorkingDir: hook.WorkingDir, Environment: env,
		})
	}
}
