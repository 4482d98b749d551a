package bmo

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/kube"
)

// Logs calls show for the lines that services printed, as Client.Logs does. A cluster keeps nothing of an instance that is
// gone, and does not say on which output a line was printed.
func (k *Cluster) Logs(ctx context.Context, name string, services []string, o LogOptions, show func(LogLine)) error {
	q, err := o.query(time.Now())
	if err != nil {
		return err
	}
	i, err := k.named(ctx, name)
	if err != nil {
		return err
	}
	for _, s := range services {
		if _, err := i.Container(s); err != nil {
			return err
		}
	}
	if o.Begin != nil {
		o.Begin(i.ServiceNames())
	}
	if len(services) == 0 {
		services = i.ServiceNames()
	}
	return k.kube.Logs(ctx, name, services, kube.LogQuery{Tail: q.Tail, Since: q.Since, Until: q.Until, Follow: o.Follow}, func(l kube.Line) {
		show(LogLine{Time: l.Time, Source: l.Service, Text: l.Text, More: l.More})
	})
}

// named finds an instance for a command that takes the newest record in place of a name, which a cluster has none of.
func (k *Cluster) named(ctx context.Context, name string) (*Instance, error) {
	if name == "" {
		return nil, hint.Wrap(errors.New("a cluster keeps no record that could be the last one"), "name an instance: `docker bmo ps --on "+k.String()+"`")
	}
	return k.Find(ctx, name)
}

// Events calls show with what happened, as Client.Events does: what the cluster keeps events of, for an hour as a rule, and
// the ends of containers.
func (k *Cluster) Events(ctx context.Context, name string, o EventOptions, show func(Event)) error {
	if err := CheckEventFilters(o.Filters); err != nil {
		return err
	}
	q, err := o.query(time.Now())
	if err != nil {
		return err
	}
	i, err := k.named(ctx, name)
	if err != nil {
		return err
	}
	wanted := func(e kube.Event) (Event, bool) {
		ev := Event(e)
		early, late := ev.Time.Before(q.Since), !q.Until.IsZero() && !ev.Time.Before(q.Until)
		return ev, !early && !late && o.match(ev)
	}
	var all []Event
	from, err := k.kube.Events(ctx, i, func(e kube.Event) {
		if ev, ok := wanted(e); ok {
			all = append(all, ev)
		}
	})
	if err != nil {
		return err
	}
	if q.Tail >= 0 && len(all) > q.Tail {
		all = all[len(all)-q.Tail:]
	}
	for _, ev := range all {
		show(ev)
	}
	if !o.Follow {
		return nil
	}
	return k.kube.FollowEvents(ctx, i, from, func(e kube.Event) {
		if ev, ok := wanted(e); ok {
			show(ev)
		}
	})
}

// ClusterExecSpec is a command to run in a service on a cluster, with what it reads and where it prints.
type ClusterExecSpec = kube.ExecSpec

// TerminalSize is the size of a terminal.
type TerminalSize = kube.TerminalSize

// Exec runs a command in a service of a running instance and returns its exit code.
func (k *Cluster) Exec(ctx context.Context, name, service string, s ClusterExecSpec) (int, error) {
	return k.kube.Exec(ctx, name, service, s)
}

// Follow passes on the output of all services of the instances, as Client.Follow does, until ctx ends or one of the instances
// cannot go on.
func (k *Cluster) Follow(ctx context.Context, list []*Instance, o FollowOptions) error {
	var mu sync.Mutex
	streams, endStreams := context.WithCancel(context.WithoutCancel(ctx))
	defer endStreams()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	names := func(i *Instance, service string) string {
		if len(list) > 1 {
			return i.Name + " " + service
		}
		return service
	}
	var wg, early sync.WaitGroup
	for _, i := range list {
		early.Add(1)
		caughtUp := sync.OnceFunc(early.Done)
		wg.Go(func() {
			defer caughtUp() // whatever the cluster has said
			q := kube.LogQuery{Tail: -1, Follow: true, CaughtUp: caughtUp}
			_ = k.kube.Logs(streams, i.Name, i.ServiceNames(), q, func(l kube.Line) {
				mu.Lock()
				defer mu.Unlock()
				o.Line(names(i, l.Service), l.Text)
			})
		})
		go func() {
			if _, err := k.kube.Gone(ctx, i); err != nil {
				cancel(hint.Wrap(err, "its last lines are above; the instance cannot go on and was removed"))
			}
		}()
	}
	early.Wait() // the address comes after what they have printed until now
	o.CaughtUp()
	o.untilEnd(ctx, endStreams, &wg)
	return context.Cause(ctx)
}

// Watch watches a ready instance until ctx ends, and then returns nil. It returns an error as soon as the instance is removed,
// by whomever, or its node is lost. Of a service that ends by itself ended is told.
func (k *Cluster) Watch(ctx context.Context, inst *Instance, ended func(error)) error {
	service, err := k.kube.Gone(ctx, inst)
	if service != "" && err != nil {
		ended(fmt.Errorf("%w while the command ran", err))
		<-ctx.Done()
		return nil
	}
	if err != nil {
		return hint.Wrap(err, "`docker bmo events --on "+k.String()+" "+inst.Name+"` may say why")
	}
	return nil
}

// CheckRunning returns an error unless all services of an instance run, but for those that have done their work.
func (k *Cluster) CheckRunning(ctx context.Context, inst *Instance) error {
	return hint.Wrap(k.kube.Running(ctx, inst), "`docker bmo events --on "+k.String()+" "+inst.Name+"` may say why")
}
