package main

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
)

// runs has instances by docker bmo.
type runs struct {
	b     *bench
	d     *demo
	pool  bool
	id    string // of the pool
	names []string
}

// prepare makes a pool. It has a place for each instance that is to be taken out of it.
func (r *runs) prepare(ctx context.Context, n int) (err error) {
	if r.pool {
		r.id, err = docker(ctx, r.b.bmo(r.d.file, "pool", "up", "--quiet", "--size", strconv.Itoa(n), "--env=BENCH=pool")...)
	}
	return err
}

func (r *runs) start(ctx context.Context, n int) error {
	words := []string{"run", "--detach", "--quiet", "--format", "json", "-n", strconv.Itoa(n)}
	if r.pool {
		words = append(words, "--env=BENCH=pool")
	}
	out, err := docker(ctx, r.b.bmo(r.d.file, words...)...)
	if err != nil {
		return err
	}
	for line := range strings.Lines(out) {
		var i struct{ Name, URL string }
		if err := json.Unmarshal([]byte(line), &i); err != nil {
			return err
		}
		r.names = append(r.names, i.Name)
		if err := answering(ctx, i.URL); err != nil {
			return err
		}
	}
	return nil
}

func (r *runs) stop(ctx context.Context) error {
	names := r.names
	r.names = nil
	if len(names) == 0 {
		return nil
	}
	_, err := docker(ctx, append([]string{"bmo", "stop"}, names...)...)
	return err
}

func (r *runs) close(ctx context.Context) error {
	if r.id == "" {
		return nil
	}
	_, err := docker(ctx, "bmo", "pool", "down", r.id)
	r.id = ""
	return err
}
