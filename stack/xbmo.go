package stack

import (
	"fmt"
	"strconv"
	"strings"
)

// Defaults for what a stack does not say.
const (
	defaultMySQLPort  = 3306
	defaultMySQLQuery = "SELECT 1"
)

// extension is the key for everything that Compose does not define.
const extension = "x-bmo"

// file reads the x-bmo of the file.
func (d decoder) file(s *Stack, v any) {
	d.object(extension, v, map[string]field{
		"source":     func(path string, v any) { s.Source = d.source(path, v) },
		"contexts":   func(path string, v any) { s.Contexts = d.contexts(path, v) },
		"bootstrap":  func(path string, v any) { s.Bootstrap = d.steps(path, v) },
		"start":      func(path string, v any) { s.Start = d.steps(path, v) },
		"url":        func(path string, v any) { s.URL = d.url(path, v) },
		"env":        d.env(&s.Env),
		"repository": d.str(&s.Repository),
		"portable":   d.boolean(&s.Portable),
	})
}

func (d decoder) source(path string, v any) (s Source) {
	d.object(path, v, map[string]field{
		"url":    d.str(&s.URL),
		"marker": d.strs(&s.Marker),
	})
	return s
}

func (d decoder) contexts(path string, v any) map[string]Context {
	contexts := map[string]Context{}
	d.named(path, v, func(name, path string, v any) {
		var c Context
		d.object(path, v, map[string]field{
			"from":    d.str(&c.From),
			"include": d.strs(&c.Include),
			"exclude": d.strs(&c.Exclude),
			"ignore": func(path string, v any) {
				c.Ignore = new(bool)
				d.boolean(c.Ignore)(path, v)
			},
		})
		contexts[name] = c
	})
	return contexts
}

func (d decoder) steps(path string, v any) (steps []Step) {
	d.list(path, v, func(path string, v any) {
		var step Step
		d.object(path, v, map[string]field{
			"service":     d.str(&step.Service),
			"command":     d.command(&step.Command),
			"exec":        d.boolean(&step.Exec),
			"checkpoint":  d.boolean(&step.Checkpoint),
			"entrypoint":  d.command(&step.Entrypoint),
			"user":        d.word(&step.User),
			"working_dir": d.str(&step.WorkingDir),
			"environment": d.env(&step.Environment),
			"timeout":     d.duration(&step.Timeout),
		})
		steps = append(steps, step)
	})
	return steps
}

func (d decoder) url(path string, v any) (u URL) {
	d.object(path, v, map[string]field{
		"service":     d.str(&u.Service),
		"port":        d.port(&u.Port),
		"path":        d.str(&u.Path),
		"environment": d.env(&u.Environment),
	})
	return u
}

// service reads the x-bmo of a service.
func (d decoder) service(s *Service, path string, v any) {
	d.object(path, v, map[string]field{
		"snapshot": d.boolean(&s.Snapshot),
		"early":    d.boolean(&s.Early),
		"ready":    func(path string, v any) { d.ready(&s.Ready, path, v) },
		"flavors":  func(path string, v any) { s.Flavors = d.flavors(path, v) },
	})
}

func (d decoder) flavors(path string, v any) map[string]Flavor {
	flavors := map[string]Flavor{}
	d.named(path, v, func(name, path string, v any) {
		var f Flavor
		d.object(path, v, map[string]field{
			"command":     d.command(&f.Command),
			"environment": d.env(&f.Environment),
			"mem_limit":   d.size(&f.MemLimit),
		})
		if !validName(name) {
			d.problems.add(path, "not a valid name", nameHint)
		}
		flavors[name] = f
	})
	return flavors
}

func (d decoder) ready(r *Ready, path string, v any) {
	d.object(path, v, map[string]field{
		"mysql":   func(path string, v any) { r.MySQL = d.mysql(path, v) },
		"http":    func(path string, v any) { r.HTTP = d.http(path, v) },
		"tcp":     func(path string, v any) { r.TCP = d.tcp(path, v) },
		"exec":    func(path string, v any) { r.Exec = d.exec(path, v) },
		"timeout": d.duration(&r.Timeout),
	})
}

func (d decoder) mysql(path string, v any) *MySQL {
	m := &MySQL{Port: defaultMySQLPort, Query: defaultMySQLQuery}
	d.object(path, v, map[string]field{
		"port":     d.port(&m.Port),
		"user":     d.str(&m.User),
		"password": d.str(&m.Password),
		"database": d.str(&m.Database),
		"query":    d.str(&m.Query),
	})
	return m
}

func (d decoder) http(path string, v any) *HTTP {
	h := &HTTP{Path: "/", MinStatus: 200, MaxStatus: 399}
	d.object(path, v, map[string]field{
		"port":    d.port(&h.Port),
		"path":    d.str(&h.Path),
		"status":  func(path string, v any) { d.status(h, path, v) },
		"body":    d.str(&h.Body),
		"scheme":  d.str(&h.Scheme),
		"host":    d.str(&h.Host),
		"headers": d.env(&h.Headers),
		"follow":  d.boolean(&h.Follow),
	})
	return h
}

// exec reads a command in the container: a list of words, or a string for the image's shell, as Compose has it in a
// health check.
func (d decoder) exec(path string, v any) *Exec {
	e := &Exec{}
	d.object(path, v, map[string]field{
		"command": func(path string, v any) {
			if line, ok := v.(string); ok {
				e.Command, e.Shell = []string{line}, true
				return
			}
			d.strs(&e.Command)(path, v)
		},
		"timeout": d.duration(&e.Timeout),
	})
	return e
}

func (d decoder) tcp(path string, v any) *TCP {
	t := &TCP{}
	d.object(path, v, map[string]field{"port": d.port(&t.Port)})
	return t
}

// status reads one status, 200, or a range of them, 200-399.
func (d decoder) status(h *HTTP, path string, v any) {
	low, high, isRange := strings.Cut(fmt.Sprint(v), "-")
	if !isRange {
		high = low
	}
	from, err1 := strconv.Atoi(low)
	to, err2 := strconv.Atoi(high)
	if err1 != nil || err2 != nil || from < 100 || to > 599 || from > to {
		d.wrong(path, `a status such as 200, or a range such as "200-399"`, v)
		return
	}
	h.MinStatus, h.MaxStatus = from, to
}
