package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/bmo"
	"github.com/docker-bmo/docker-bmo/instance/instancetest"
	"github.com/docker-bmo/docker-bmo/snapshot"
)

// TestSaveAndLoad: what one machine saves, another one loads and runs without a bootstrap; and what the commands say of it.
func TestSaveAndLoad(t *testing.T) {
	x := newTerminal(t)
	x.addSnapshot(snapshot.Snapshot{Key: key("a"), Inputs: key("1"), Stack: "shop", Created: instancetest.Noon.Add(-time.Hour)}, nil)
	x.addSnapshot(snapshot.Snapshot{Key: key("b"), Inputs: key("2"), Stack: "shop", Created: instancetest.Noon}, nil)
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	steps := func(name string, code int, args ...string) {
		t.Helper()
		at(time.Now().Add(time.Hour))
		for i, a := range args {
			if strings.HasSuffix(a, ".zst") {
				args[i] = path(a)
			}
		}
		assert.Equal(t, x.run(args...), code, "%v: %s", args, x.err)
		x.err = strings.ReplaceAll(x.err, dir, "<dir>")
		x.golden("archive-" + name)
	}
	assert.NilError(t, os.WriteFile(path("a.tar.zst"), []byte("what was there before"), 0o600))
	steps("save-none", 1, "snapshot", "save", "-o", "a.tar.zst", "cccc")
	before, err := os.ReadFile(path("a.tar.zst"))
	assert.NilError(t, err)
	assert.Equal(t, string(before), "what was there before")
	steps("save-nowhere", 1, "snapshot", "save", "-o", "nowhere/a.tar.zst", "aaaa")
	steps("save-itself", 1, "snapshot", "save", "-o", "a.tar.zst", "--base", "aaaa", "aaaa")
	steps("save", 0, "snapshot", "save", "--progress", "plain", "-o", "a.tar.zst", "aaaa")
	steps("save-base", 0, "snapshot", "save", "-o", "b.tar.zst", "--base", "aaaa", "bbbb")
	assert.Equal(t, x.run("snapshot", "save", "-q", "aaaa"), 0)
	assert.Equal(t, x.err, "")
	saved, err := os.ReadFile(path("a.tar.zst"))
	assert.NilError(t, err)
	assert.Assert(t, x.out == string(saved))
	list, err := filepath.Glob(path(".*"))
	assert.NilError(t, err)
	assert.Equal(t, len(list), 0, "%v", list)

	x.docker.Fake = instancetest.New(t) // another engine
	x.SetPrograms(shopPrograms)
	steps("load-none", 1, "snapshot", "load", "-i", "c.tar.zst")
	steps("load-without-base", 1, "snapshot", "load", "-i", "b.tar.zst")
	assert.NilError(t, os.WriteFile(path("cut.tar.zst"), saved[:len(saved)-200], 0o600))
	steps("load-cut", 1, "snapshot", "load", "--progress", "plain", "-i", "cut.tar.zst")
	assert.Equal(t, len(x.Objects()), 0)
	steps("load", 0, "snapshot", "load", "--progress", "plain", "-i", "a.tar.zst")
	steps("load-again", 0, "snapshot", "load", "-i", "a.tar.zst")
	delta, err := os.ReadFile(path("b.tar.zst"))
	assert.NilError(t, err)
	x.docker.in = string(delta)
	steps("load-quiet", 0, "snapshot", "load", "-q")
	assert.Equal(t, x.run("run", "-d", "-q", "--stack", x.file, "--snapshot", "bbbb"), 0, x.err)
}

// TestArchiveOnATerminal: an archive is not for a screen, and none is typed. The words are docker's.
func TestArchiveOnATerminal(t *testing.T) {
	x := newTerminal(t)
	cli := x.cli(t, io.Discard, io.Discard)
	cli.Out().SetIsTerminal(true)
	cli.In().SetIsTerminal(true)
	assert.Error(t, runSnapshotSave(t.Context(), cli, &archiveOptions{}, "aaaa"), "cowardly refusing to save to a terminal. Use the -o flag or redirect")
	assert.Error(t, runSnapshotLoad(t.Context(), cli, &archiveOptions{}), "requested load from stdin, but stdin is empty")
	assert.Equal(t, len(x.Requests()), 0)
}

// TestLoadInterrupted: a command that waits for the end of a pipe ends with the first Ctrl-C.
func TestLoadInterrupted(t *testing.T) {
	x := newTerminal(t)
	r, w := io.Pipe()
	defer w.Close()
	ctx, cancel := context.WithCancelCause(t.Context())
	done := make(chan error, 1)
	c := newClient(x.cli(t, io.Discard, io.Discard))
	go func() {
		_, err := c.Load(ctx, bmo.LoadOptions{Input: r, File: "standard input"})
		done <- err
	}()
	_, err := w.Write(make([]byte, 100))
	assert.NilError(t, err)
	cancel(interrupted{})
	assert.ErrorIs(t, <-done, interrupted{})
	assert.Equal(t, len(x.Objects()), 0)
}
