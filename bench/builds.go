package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing/fstest"
	"time"
)

// measureBuild measures builds of the demo that find nothing to do.
func (b *bench) measureBuild(ctx context.Context, _ []int) error {
	d, err := b.demo(ctx)
	if err != nil {
		return err
	}
	plain := b.plainBuilds()
	begun := b.begin()
	c := sideBySide(b.rounds(15), []action{
		{name: "docker bmo build", do: quietly(ctx, b.bmo(d.file, "build", "--quiet")...)},
		{name: "docker bmo version", do: quietly(ctx, "bmo", "version")},
		{name: "docker buildx build, web alone", do: quietly(ctx, plain[1]...)},
		{name: "docker buildx build, db and web", do: func() error {
			for _, args := range plain {
				if _, err := docker(ctx, args...); err != nil {
					return err
				}
			}
			return nil
		}},
	})
	return b.record(begun, c.result("build", 1, "s"))
}

// measureFiles measures builds that find nothing to do in a tree of many files, and the memory of the commands.
func (b *bench) measureFiles(ctx context.Context, sizes []int) error {
	for _, n := range sizes {
		name := fmt.Sprintf("files-%d", n)
		file, err := b.stack(name, fstest.MapFS{
			"compose.yaml": {Data: []byte("name: files\nservices:\n  app:\n    build: .\n    init: true\n"), Mode: 0o644},
			"Dockerfile":   {Data: []byte("FROM debian:trixie-slim\nCOPY src /src\nCMD [\"sleep\", \"infinity\"]\n"), Mode: 0o644},
		}, ".")
		if err != nil {
			return err
		}
		if err := writeFiles(filepath.Join(filepath.Dir(file), "src"), n); err != nil {
			return err
		}
		if err := b.filesOf(ctx, n, file); err != nil {
			return err
		}
	}
	return nil
}

// writeFiles makes a tree of n small files, a hundred a folder.
func writeFiles(dir string, n int) error {
	old := time.Now().Add(-time.Hour)
	for i := range n {
		at := filepath.Join(dir, fmt.Sprintf("d%d/e%d", i/10_000, i/100%100))
		if err := os.MkdirAll(at, 0o755); err != nil {
			return err
		}
		name := filepath.Join(at, fmt.Sprintf("f%d.pm", i))
		if err := os.WriteFile(name, fmt.Appendf(nil, "the %dth file\n", i), 0o644); err != nil {
			return err
		}
		if err := os.Chtimes(name, old, old); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) filesOf(ctx context.Context, n int, file string) error {
	own := b.bmo(file, "build", "--quiet")
	image := fmt.Sprintf("docker-bmo-bench/files:%d", n)
	plain := slices.Concat([]string{"buildx", "build", "--quiet", "--load", "--provenance=false", "--tag", image}, b.args, []string{filepath.Dir(file)})
	for _, args := range [][]string{own, plain, own} { // the last time to have the whole tree in the cache
		if _, err := docker(ctx, args...); err != nil {
			return err
		}
	}
	defer func() { _, _ = docker(context.WithoutCancel(ctx), "image", "rm", "--force", image) }()
	var memory collector
	measured := func(name string, args []string) action {
		return action{name: name, do: func() error {
			cmd := exec.CommandContext(ctx, "docker", args...)
			if _, err := output(cmd); err != nil {
				return err
			}
			if most := peak(cmd.ProcessState); most > 0 {
				memory.add(name, most)
			}
			return nil
		}}
	}
	begun := b.begin()
	c := sideBySide(b.rounds(5), []action{
		measured("docker bmo build", own), measured("docker buildx build", plain),
	})
	return b.record(begun, c.result("files", n, "s"), memory.result("files-memory", n, "MiB"))
}
