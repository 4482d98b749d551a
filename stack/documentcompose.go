package stack

import (
	"encoding/json"
	"fmt"
	"strconv"

	digest "github.com/opencontainers/go-digest"
)

func ulimitsDocument(limits map[string]Ulimit) doc {
	d := doc{}
	for name, l := range limits {
		d[name] = doc{"soft": l.Soft, "hard": l.Hard}
	}
	return d
}

// dependsDocument returns the names, or, when one of them has to end first, the long form.
func (s *Stack) dependsDocument(svc Service) any {
	long, ends := doc{}, false
	for _, name := range svc.DependsOn {
		condition := "service_started"
		if dep, ok := s.Service(name); ok && dep.OneShot {
			condition, ends = "service_completed_successfully", true
		}
		long[name] = doc{"condition": condition}
	}
	if ends {
		return long
	}
	return svc.DependsOn
}

func (s Service) portsDocument() (list []string) {
	for _, port := range s.Ports {
		list = append(list, strconv.Itoa(port))
	}
	return list
}

func (s *Stack) mountsDocument(svc Service) (list []doc) {
	for _, m := range svc.Mounts {
		d := doc{"type": "volume", "target": m.Target}
		d.set("read_only", m.ReadOnly)
		if m.Source != "" {
			d["type"], d["source"] = "bind", s.absolute(m.Source)
			list = append(list, d)
			continue
		}
		d.set("source", m.Volume)
		volume := doc{}
		volume.set("nocopy", m.NoCopy)
		volume.set("subpath", m.Subpath)
		d.set("volume", volume)
		list = append(list, d)
	}
	return list
}

// filesDocument sets the secrets and configs of a service.
func (s *Stack) filesDocument(d doc, svc Service) {
	var secrets, configs []doc
	for _, f := range svc.Files {
		file := doc{"source": contentName(f.Source), "target": f.Target, "mode": fmt.Sprintf("0%o", f.Mode)}
		if f.UID != 0 {
			file["uid"] = strconv.Itoa(f.UID)
		}
		if f.GID != 0 {
			file["gid"] = strconv.Itoa(f.GID)
		}
		if f.Secret {
			secrets = append(secrets, file)
		} else {
			configs = append(configs, file)
		}
	}
	d.set("secrets", secrets)
	d.set("configs", configs)
}

// contentName returns a name for a secret or a config that is the same for the same content.
func contentName(c Content) string {
	return "from-" + digest.FromString(c.Path + "\x00" + c.Variable + "\x00" + c.Inline).Encoded()[:12]
}

// topDocument sets what services refer to: volumes, secrets and configs.
func (s *Stack) topDocument(d doc) {
	volumes, secrets, configs := doc{}, doc{}, doc{}
	for _, svc := range s.Services {
		for _, m := range svc.Mounts {
			if m.Volume != "" {
				volumes[m.Volume] = doc{}
			}
		}
		for _, f := range svc.Files {
			if f.Secret {
				secrets[contentName(f.Source)] = s.contentDocument(f.Source)
			} else {
				configs[contentName(f.Source)] = s.contentDocument(f.Source)
			}
		}
		if svc.Build != nil {
			for _, c := range svc.Build.Secrets {
				secrets[contentName(c)] = s.contentDocument(c)
			}
		}
	}
	d.set("volumes", volumes)
	d.set("secrets", secrets)
	d.set("configs", configs)
}

func (s *Stack) contentDocument(c Content) doc {
	switch {
	case c.Variable != "":
		return doc{"environment": c.Variable}
	case c.Path != "":
		return doc{"file": s.absolute(c.Path)}
	default:
		return doc{"content": c.Inline}
	}
}

func (h *Healthcheck) document() doc {
	d := doc{}
	if h == nil {
		return d
	}
	d.set("test", h.Test)
	d.duration("interval", h.Interval)
	d.duration("timeout", h.Timeout)
	d.duration("start_period", h.StartPeriod)
	d.duration("start_interval", h.StartInterval)
	d.set("retries", h.Retries)
	return d
}

// document sets Compose's keys, which are the JSON names but for those that are parts of another one.
func (s Settings) document(d doc) {
	raw, err := json.Marshal(s)
	if err != nil {
		panic(err) // numbers, texts, lists and maps of them always marshal
	}
	keys := map[string]any{}
	if err := json.Unmarshal(raw, &keys); err != nil {
		panic(err)
	}
	for key, value := range keys {
		d[key] = value
	}
	if s.BlkioWeight != 0 {
		delete(d, "blkio_weight")
		d["blkio_config"] = doc{"weight": s.BlkioWeight}
	}
	if s.LogDriver != "" || len(s.LogOptions) > 0 {
		delete(d, "log_driver")
		delete(d, "log_opt")
		logging := doc{}
		logging.set("driver", s.LogDriver)
		logging.set("options", s.LogOptions)
		d["logging"] = logging
	}
	if s.MemSwappiness != nil {
		d["mem_swappiness"] = *s.MemSwappiness
	}
	for key, value := range map[string]int64{
		"mem_reservation": s.MemReservation, "memswap_limit": s.MemSwapLimit, "pids_limit": s.PidsLimit,
		"cpu_period": s.CPUPeriod, "cpu_quota": s.CPUQuota, "cpu_shares": s.CPUShares, "cpu_rt_period": s.CPURTPeriod,
		"cpu_rt_runtime": s.CPURTRuntime, "oom_score_adj": int64(s.OOMScoreAdj),
	} {
		d.set(key, value) // exactly, not as JSON's floating-point number
	}
}
