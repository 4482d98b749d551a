package main

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
)

//go:embed compose.yaml
var composeFile []byte

// projects has instances by docker compose.
type projects struct {
	unprepared
	b    *bench
	made []string
}

func (p *projects) start(ctx context.Context, n int) error {
	if err := os.WriteFile(p.file(), composeFile, 0o600); err != nil {
		return err
	}
	var mu sync.Mutex
	return each(n, func(i int) error {
		name := fmt.Sprintf("docker-bmo-bench-%d", i)
		mu.Lock()
		p.made = append(p.made, name)
		mu.Unlock()
		if err := p.compose(ctx, name, "up", "--wait", "--quiet-pull"); err != nil {
			return err
		}
		return nil
	})
}

func (p *projects) file() string { return filepath.Join(p.b.dir, "compose.yaml") }

func (p *projects) compose(ctx context.Context, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, "docker", append([]string{"compose", "--file", p.file(), "--project-name", name}, args...)...)
	cmd.Env = append(os.Environ(), "DB_IMAGE="+plainDB, "WEB_IMAGE="+plainWeb)
	_, err := output(cmd)
	return err
}

func (p *projects) stop(ctx context.Context) error {
	made := p.made
	p.made = nil
	return each(len(made), func(i int) error { return p.compose(ctx, made[i], "down", "--volumes", "--timeout", "0") })
}
