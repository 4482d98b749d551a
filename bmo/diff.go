package bmo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/instance"
	"github.com/docker-bmo/docker-bmo/journal"
	"github.com/docker-bmo/docker-bmo/launch"
	"github.com/docker-bmo/docker-bmo/probe"
	"github.com/docker-bmo/docker-bmo/stack"
)

// Kinds of what Diff finds.
const (
	FileDiffers  = "file"
	TableDiffers = "table"
)

// Difference is something in an instance that is not as in its snapshot.
type Difference struct {
	Service string
	// Change is A for added, C for changed, D for deleted, as for `docker diff`.
	Change string
	// Type is FileDiffers, and Name a path; or TableDiffers, and Name SCHEMA.TABLE.
	Type, Name string
	// Rows are those that the table has, and RowsBefore those that it has in the snapshot.
	Rows, RowsBefore int64
}

// DiffOptions say what is compared, and how.
type DiffOptions struct {
	// All lists the files of databases, too, whose tables are compared.
	All bool
	// Stack is the instance's stack; nil for the one that is kept with its snapshot.
	Stack *stack.Stack
	// Environ has the variables that secrets of a kept stack come from, as os.Environ returns them.
	Environ []string
}

// Diff returns what in an instance is not as in its snapshot, by service: files, and tables of MySQL and MariaDB services
// that have an account in their probe. For the tables the snapshot's database is started next to the instance, without a
// network, and both are asked for checksums: both read all rows. What cannot be compared is a warning.
func (c *Client) Diff(ctx context.Context, name string, o DiffOptions) ([]Difference, error) {
	if _, err := c.connectAndSweep(ctx); err != nil {
		return nil, err
	}
	inst, err := instance.Find(ctx, c.engine, name)
	if err != nil {
		return nil, err
	}
	s, st, err := c.startedFrom(ctx, inst, o.Stack, o.Environ)
	if err != nil {
		return nil, meanwhile(name, err)
	}
	d := &differ{c: c, inst: inst, all: o.All, request: instance.Request{
		Engine: c.engine, Stack: st, Snapshot: s, Owner: c.owner(ctx), Proxies: c.proxies, Journal: journal.New(nil),
	}}
	var list []Difference
	for _, svc := range launch.Lasting(st) {
		found, err := d.service(ctx, svc.With(inst.Flavor))
		if err != nil {
			return nil, meanwhile(name, err)
		}
		list = append(list, found...)
	}
	slices.SortFunc(list, func(a, b Difference) int {
		return cmp.Or(cmp.Compare(a.Service, b.Service), -cmp.Compare(a.Type, b.Type), cmp.Compare(a.Name, b.Name))
	})
	return list, nil
}

// differ compares an instance with its snapshot.
type differ struct {
	c       *Client
	inst    *Instance
	all     bool
	request instance.Request
}

func (d *differ) service(ctx context.Context, svc stack.Service) ([]Difference, error) {
	id := d.inst.Services[svc.Name]
	if id == "" {
		return nil, fmt.Errorf("instance %s has no container of service %s any more", d.inst.Name, svc.Name)
	}
	changes, err := d.c.engine.Changes(ctx, id)
	if err != nil {
		return nil, err
	}
	var tables []Difference
	dir := ""
	if svc.Ready.MySQL != nil {
		switch tables, dir, err = d.tables(ctx, svc, id); {
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case err != nil:
			d.c.warn(fmt.Errorf("the tables of service %s cannot be compared: %w", svc.Name, err))
		}
	}
	if d.all {
		dir = ""
	}
	return append(tables, files(svc, changes, dir)...), nil
}

// files returns the files that differ, without folders that others on the list are in, secrets and configs, and, if dir is
// not empty, what is below it.
func files(svc stack.Service, changes []engine.Change, dir string) (list []Difference) {
	leads := map[string]bool{} // folders of something on the list
	for _, ch := range changes {
		for at := ch.Path; at != ""; {
			at = at[:max(strings.LastIndexByte(at, '/'), 0)]
			leads[at] = true
		}
	}
	for _, ch := range changes {
		own := slices.ContainsFunc(svc.Files, func(f stack.File) bool { return f.Target == ch.Path })
		below := dir != "" && strings.HasPrefix(ch.Path+"/", strings.TrimSuffix(dir, "/")+"/")
		if own || below || ch.Kind == "C" && leads[ch.Path] {
			continue
		}
		list = append(list, Difference{Service: svc.Name, Change: ch.Kind, Type: FileDiffers, Name: ch.Path})
	}
	return list
}

// tables returns the tables that differ, and the folder that the server has its files in.
func (d *differ) tables(ctx context.Context, svc stack.Service, id string) ([]Difference, string, error) {
	if slices.ContainsFunc(svc.Mounts, func(m stack.Mount) bool { return m.Shared }) {
		return nil, "", errors.New("its files are in a volume that it shares")
	}
	m := svc.Ready.MySQL
	server := probe.MySQL{Port: m.Port, User: m.User, Password: m.Password, Database: m.Database}
	var now, then *probe.Data
	alone, remove := "", func() error { return nil }
	defer func() {
		if err := remove(); err != nil {
			d.c.warn(err)
		}
	}()
	both, within := errgroup.WithContext(ctx)
	both.Go(func() (err error) {
		now, err = server.Data(within, d.dial(id, m.Port))
		return err
	})
	both.Go(func() (err error) {
		if alone, remove, err = instance.Alone(within, d.request, svc); err == nil {
			then, err = server.Data(within, d.dial(alone, m.Port))
		}
		return err
	})
	if err := both.Wait(); err != nil {
		return nil, "", err
	}
	list := differing(svc.Name, now.Tables, then.Tables)
	err := d.count(ctx, server, list, id, alone)
	return list, now.Dir, err
}

func (d *differ) dial(id string, port int) probe.Dialer {
	return func(ctx context.Context) (net.Conn, error) { return d.c.engine.Dial(ctx, id, port) }
}

// differing returns the tables that are not the same.
func differing(service string, now, then map[string]probe.Table) (list []Difference) {
	for _, name := range slices.Sorted(maps.Keys(now)) {
		was, ok := then[name]
		switch {
		case !ok:
			list = append(list, Difference{Service: service, Change: "A", Type: TableDiffers, Name: name})
		case was != now[name]:
			list = append(list, Difference{Service: service, Change: "C", Type: TableDiffers, Name: name})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(then)) {
		if _, ok := now[name]; !ok {
			list = append(list, Difference{Service: service, Change: "D", Type: TableDiffers, Name: name})
		}
	}
	return list
}

// count adds the numbers of rows.
func (d *differ) count(ctx context.Context, server probe.MySQL, list []Difference, now, then string) error {
	names := func(not string) (out []string) {
		for _, l := range list {
			if l.Change != not {
				out = append(out, l.Name)
			}
		}
		return out
	}
	if len(list) == 0 {
		return nil
	}
	here, err := server.Rows(ctx, d.dial(now, server.Port), names("D"))
	if err != nil {
		return err
	}
	before, err := server.Rows(ctx, d.dial(then, server.Port), names("A"))
	for i := range list {
		list[i].Rows, list[i].RowsBefore = here[list[i].Name], before[list[i].Name]
	}
	return err
}
