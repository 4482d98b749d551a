package main

import (
	"context"
	"strconv"
	"strings"
)

// measureInstances measures commands on an engine with many instances, and what each of these takes to start and to stop.
func (b *bench) measureInstances(ctx context.Context, sizes []int) error {
	file, err := b.mini("instances")
	if err != nil {
		return err
	}
	if _, err := b.build(ctx, file); err != nil {
		return err
	}
	for _, n := range sizes {
		if err := b.instancesOf(ctx, n, file); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) instancesOf(ctx context.Context, n int, file string) (err error) {
	run := func(n int) (names []string, err error) {
		out, err := docker(ctx, b.bmo(file, "run", "--detach", "--quiet", "--format", "{{.Name}}", "-n", strconv.Itoa(n))...)
		return strings.Fields(out), err
	}
	stop := func(names []string) error {
		_, err := docker(context.WithoutCancel(ctx), append([]string{"bmo", "stop"}, names...)...)
		return err
	}
	var all, more []string
	begun := b.begin()
	each := &collector{}
	took, err := timed(func() (err error) { all, err = run(n); return err })
	if err != nil {
		return err
	}
	each.add("docker bmo run -n", took/float64(n))
	c := sideBySide(b.rounds(5), []action{
		{name: "docker bmo ps", do: quietly(ctx, "bmo", "ps")},
		{name: "docker ps", do: quietly(ctx, "ps")},
		{name: "docker bmo run, one more", do: func() (err error) { more, err = run(1); return err }},
		{name: "docker bmo stop, one", do: func() error { return stop(more) }},
	})
	took, err = timed(func() error { return stop(all) })
	if err != nil {
		return err
	}
	each.add("docker bmo stop", took/float64(n))
	return b.record(begun, c.result("instances", n, "s"), each.result("each", n, "s"))
}
