package stack

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

// YAML returns the stack as a Compose file with everything resolved: defaults are written out, variables are replaced,
// and folders of a stack on disk are absolute. Loading it gives the same stack again.
func (s *Stack) YAML() ([]byte, error) {
	var b bytes.Buffer
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	err := enc.Encode(s.document())
	return b.Bytes(), err
}

// JSON returns the same as YAML, as JSON, which is YAML, too.
func (s *Stack) JSON() ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	err := enc.Encode(s.document())
	return b.Bytes(), err
}

// doc is a mapping of the file.
type doc map[string]any

// set sets a key, unless the value is empty: an absent pointer, an empty text, list or mapping, zero.
func (d doc) set(key string, v any) {
	rv := reflect.ValueOf(v)
	switch rv.Kind() {
	case reflect.Map, reflect.Slice:
		if rv.Len() == 0 {
			return
		}
	default:
		if !rv.IsValid() || rv.IsZero() {
			return
		}
	}
	d[key] = v
}

// words sets a command; no command and an empty one are not the same.
func (d doc) words(key string, v []string) {
	if v != nil {
		d[key] = v
	}
}

func (d doc) duration(key string, v time.Duration) {
	if v != 0 {
		d[key] = v.String()
	}
}

func (s *Stack) document() any {
	services := doc{}
	for _, svc := range s.Services {
		services[svc.Name] = s.documentOf(svc)
	}
	d := doc{"name": s.Name, "services": services, extension: s.extensionDocument()}
	s.topDocument(d)
	return literal(d)
}

func (s *Stack) documentOf(svc Service) doc {
	d := doc{"stop_grace_period": svc.StopGracePeriod.String()}
	d.set("image", svc.Image)
	if b := svc.Build; b != nil {
		d["build"] = s.buildDocument(b)
	}
	d.words("entrypoint", svc.Entrypoint)
	d.words("command", svc.Command)
	d.set("environment", svc.Environment)
	d.set("user", svc.User)
	d.set("working_dir", svc.WorkingDir)
	d.set("hostname", svc.Hostname)
	d.set("depends_on", s.dependsDocument(svc))
	if len(svc.Aliases) > 0 {
		d["networks"] = doc{"default": doc{"aliases": svc.Aliases}}
	}
	d.set("tmpfs", svc.Tmpfs)
	d.set("stop_signal", svc.StopSignal)
	d.set("mem_limit", svc.MemLimit)
	d.set("shm_size", svc.ShmSize)
	d.set("init", svc.Init)
	d.set("ulimits", ulimitsDocument(svc.Ulimits))
	d.set("platform", svc.Platform)
	if svc.Restart {
		d["restart"] = "always"
	}
	d.set("ports", svc.portsDocument())
	d.set("volumes", s.mountsDocument(svc))
	s.filesDocument(d, svc)
	d.set("healthcheck", svc.Healthcheck.document())
	svc.Settings.document(d)
	ours := doc{}
	if !svc.OneShot {
		ours["snapshot"] = svc.Snapshot
	}
	ours.set("early", svc.Early)
	if svc.Ready.Implied {
		ready := doc{}
		ready.duration("timeout", svc.Ready.Timeout)
		ours.set("ready", ready)
	} else {
		ours.set("ready", svc.Ready.document())
	}
	ours.set("flavors", flavorsDocument(svc.Flavors))
	d[extension] = ours
	return d
}

func (s *Stack) buildDocument(b *Build) doc {
	d := doc{"context": s.absolute(b.Context)}
	d.set("dockerfile", b.Dockerfile)
	d.set("dockerfile_inline", b.DockerfileInline)
	d.set("target", b.Target)
	d.set("args", b.Args)
	more := doc{}
	for name, folder := range b.AdditionalContexts {
		more[name] = s.absolute(folder)
	}
	d.set("additional_contexts", more)
	d.set("ssh", b.SSH)
	d.set("extra_hosts", b.ExtraHosts)
	d.set("network", b.Network)
	d.set("shm_size", b.ShmSize)
	d.set("ulimits", ulimitsDocument(b.Ulimits))
	d.set("labels", b.Labels)
	d.set("entitlements", b.Entitlements)
	var secrets []doc
	for _, id := range slices.Sorted(maps.Keys(b.Secrets)) {
		secrets = append(secrets, doc{"source": contentName(b.Secrets[id]), "target": id})
	}
	d.set("secrets", secrets)
	return d
}

// absolute resolves a folder of a stack on disk. Those of a built-in stack are nowhere on disk.
func (s *Stack) absolute(folder string) string {
	_, builtIn := BuiltIn(folder)
	if s.Dir == "" || builtIn || IsURL(folder) || filepath.IsAbs(folder) {
		return folder
	}
	return filepath.ToSlash(filepath.Join(s.Dir, filepath.FromSlash(folder)))
}

func (r Ready) document() doc {
	d := doc{}
	if m := r.MySQL; m != nil {
		d["mysql"] = doc{"port": m.Port, "user": m.User, "password": m.Password, "database": m.Database, "query": m.Query}
	}
	if h := r.HTTP; h != nil {
		http := doc{"port": h.Port, "path": h.Path, "status": fmt.Sprintf("%d-%d", h.MinStatus, h.MaxStatus)}
		http.set("body", h.Body)
		http.set("scheme", h.Scheme)
		http.set("host", h.Host)
		http.set("headers", h.Headers)
		http.set("follow", h.Follow)
		d["http"] = http
	}
	if t := r.TCP; t != nil {
		d["tcp"] = doc{"port": t.Port}
	}
	if e := r.Exec; e != nil {
		exec := doc{"command": e.Command}
		if e.Shell {
			exec["command"] = e.Command[0]
		}
		exec.duration("timeout", e.Timeout)
		d["exec"] = exec
	}
	d.duration("timeout", r.Timeout)
	return d
}

// literal escapes dollar signs, so that they are not read as variables.
func literal(v any) any {
	rv := reflect.ValueOf(v)
	switch rv.Kind() {
	case reflect.String:
		return strings.ReplaceAll(rv.String(), "$", "$$")
	case reflect.Slice:
		list := make([]any, rv.Len())
		for i := range list {
			list[i] = literal(rv.Index(i).Interface())
		}
		return list
	case reflect.Map:
		m := make(map[string]any, rv.Len())
		for _, k := range rv.MapKeys() {
			m[k.String()] = literal(rv.MapIndex(k).Interface())
		}
		return m
	default:
		return v
	}
}
