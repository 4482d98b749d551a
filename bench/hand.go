package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
)

// byHand has instances by docker's own commands, as one would write a script: a network, the database, a wait for a
// query, the dump if there is one, the web server, a wait for an answer.
type byHand struct {
	unprepared
	db, web string // images
	dump    string // may be empty
	made    []*handmade
}

type handmade struct {
	network    string
	containers []string
}

func (h *byHand) start(ctx context.Context, n int) error {
	var mu sync.Mutex
	return each(n, func(i int) error {
		m := &handmade{network: fmt.Sprintf("docker-bmo-bench-%d", i)}
		mu.Lock()
		h.made = append(h.made, m)
		mu.Unlock()
		return h.one(ctx, m)
	})
}

func (h *byHand) one(ctx context.Context, m *handmade) error {
	if _, err := docker(ctx, "network", "create", m.network); err != nil {
		return err
	}
	db, err := m.run(ctx, "db", dbEnvironment, h.db, lowMemory)
	if err != nil {
		return err
	}
	if err := queried(ctx, db); err != nil {
		return err
	}
	if h.dump != "" {
		if err := restore(ctx, db, h.dump); err != nil {
			return err
		}
	}
	web, err := m.run(ctx, "web", webEnvironment, "--publish=127.0.0.1::8000", h.web)
	if err != nil {
		return err
	}
	address, err := docker(ctx, "port", web, "8000")
	if err != nil {
		return err
	}
	return answering(ctx, "http://"+address)
}

// run starts a container.
func (m *handmade) run(ctx context.Context, service string, environment []string, rest ...string) (id string, err error) {
	args := []string{"run", "--detach", "--network", m.network, "--network-alias", service, "--tmpfs", "/tmp"}
	for _, e := range environment {
		args = append(args, "--env", e)
	}
	if id, err = docker(ctx, append(args, rest...)...); err == nil {
		m.containers = append(m.containers, id)
	}
	return id, err
}

// restore reads a dump into a database.
func restore(ctx context.Context, container, dump string) error {
	in, err := os.Open(dump)
	if err != nil {
		return err
	}
	defer in.Close()
	cmd := exec.CommandContext(ctx, "docker", "exec", "--interactive", container, "mysql", "-udemo", "-pdemo", "-h127.0.0.1", "demo")
	cmd.Stdin = in
	_, err = output(cmd)
	return err
}

func (h *byHand) stop(ctx context.Context) error {
	made := h.made
	h.made = nil
	return each(len(made), func(i int) error {
		m := made[i]
		var errs []error
		if len(m.containers) > 0 {
			_, err := docker(ctx, append([]string{"rm", "--force", "--volumes"}, m.containers...)...)
			errs = append(errs, err)
		}
		_, err := docker(ctx, "network", "rm", "--force", m.network)
		return errors.Join(append(errs, err)...)
	})
}
