package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
)

// starter is a way to have instances of the demo.
type starter interface {
	// prepare does what is not timed.
	prepare(ctx context.Context, n int) error
	// start returns when all n answer.
	start(ctx context.Context, n int) error
	// stop removes them.
	stop(ctx context.Context) error
	// close undoes prepare.
	close(ctx context.Context) error
}

// unprepared is for ways that need no preparation.
type unprepared struct{}

func (unprepared) prepare(context.Context, int) error { return nil }
func (unprepared) close(context.Context) error        { return nil }

type namedStarter struct {
	name string
	starter
	most int // not for more than that; 0 is any number
}

// measureStart measures how long instances take to be ready, the memory that they take then, and how long to be removed.
func (b *bench) measureStart(ctx context.Context, sizes []int) error {
	d, err := b.demo(ctx)
	if err != nil {
		return err
	}
	ways := []namedStarter{
		{"docker bmo run", &runs{b: b, d: d}, 0},
		{"docker bmo run, from a pool", &runs{b: b, d: d, pool: true}, 8},
		{"docker by hand, images of the snapshot", &byHand{unprepared{}, d.db, d.web, "", nil}, 0},
		{"testcontainers-go, images of the snapshot", &library{unprepared{}, b, d.db, d.web, false, nil}, 0},
		{"docker by hand, a dump restored", &byHand{unprepared{}, plainDB, plainWeb, d.dump, nil}, 0},
		{"docker compose up --wait, with bootstrap", &projects{unprepared{}, b, nil}, 0},
		{"testcontainers-go, with bootstrap", &library{unprepared{}, b, plainDB, plainWeb, true, nil}, 0},
	}
	for _, n := range sizes {
		if err := b.startWays(ctx, n, ways); err != nil {
			return err
		}
	}
	return nil
}

// startWays takes each way in turn.
func (b *bench) startWays(ctx context.Context, n int, ways []namedStarter) error {
	rounds := 1
	switch {
	case n == 1:
		rounds = 5
	case n < 10:
		rounds = 3
	}
	var starts, memory, stops collector
	for _, w := range ways { // in their order
		for _, c := range []*collector{&starts, &memory, &stops} {
			c.way(w.name)
		}
	}
	begun := b.begin()
	for round := range b.rounds(rounds) {
		for _, w := range slices.Concat(ways[round%len(ways):], ways[:round%len(ways)]) { // nobody is always first
			if w.most > 0 && n > w.most || starts.way(w.name).Error != "" {
				continue
			}
			if err := measureOne(ctx, n, w, &starts, &memory, &stops); err != nil {
				if ctx.Err() != nil {
					return err
				}
				starts.fail(w.name, err)
			}
		}
	}
	return b.record(begun, starts.result("start", n, "s"), memory.result("memory", n, "MiB"), stops.result("stop", n, "s"))
}

// measureOne starts n instances in one way, and removes them again.
func measureOne(ctx context.Context, n int, w namedStarter, starts, memory, stops *collector) (err error) {
	defer func() { err = errors.Join(err, w.close(context.WithoutCancel(ctx))) }()
	if err := w.prepare(ctx, n); err != nil {
		return err
	}
	before, err := containers(ctx)
	if err != nil {
		return err
	}
	took, err := timed(func() error { return w.start(ctx, n) })
	if err != nil {
		return errors.Join(err, w.stop(context.WithoutCancel(ctx)))
	}
	if now, err := containers(ctx); err == nil {
		own := slices.DeleteFunc(now, func(id string) bool { return slices.Contains(before, id) })
		if sum := proportional(own); sum > 0 {
			memory.add(w.name, sum/float64(n))
		}
	}
	gone, err := timed(func() error { return w.stop(ctx) })
	if err != nil {
		return err
	}
	starts.add(w.name, took)
	stops.add(w.name, gone)
	return nil
}

// each calls do for 0 to n-1, some at a time, and returns the errors joined.
func each(n int, do func(i int) error) error {
	errs := make([]error, n)
	slots := make(chan struct{}, atOnce())
	var wg sync.WaitGroup
	for i := range n {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			errs[i] = do(i)
		})
	}
	wg.Wait()
	for i, err := range errs {
		if err != nil {
			return fmt.Errorf("%d of %d: %w", i+1, n, err)
		}
	}
	return nil
}
