package main

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
)

var stackName = regexp.MustCompile(`(?m)^name: .*$`)

// stack copies a tree with a stack's folder in it and names the stack bench-NAME. It returns its Compose file. Its
// snapshots are removed at the end.
func (b *bench) stack(name string, tree fs.FS, folder string) (file string, err error) {
	dir := filepath.Join(b.dir, name)
	if err := os.CopyFS(dir, tree); err != nil {
		return "", err
	}
	file = filepath.Join(dir, folder, "compose.yaml")
	text, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	b.stacks = append(b.stacks, "bench-"+name)
	return file, os.WriteFile(file, stackName.ReplaceAll(text, []byte("name: bench-"+name)), 0o600)
}

// bmo is a command of docker bmo on a stack.
func (b *bench) bmo(file string, words ...string) []string {
	return slices.Concat([]string{"bmo"}, words, []string{"--stack", file}, b.args)
}

// build makes a stack's snapshot, or finds it, and returns its key as it is shown.
func (b *bench) build(ctx context.Context, file string) (key string, err error) {
	return docker(ctx, b.bmo(file, "build", "--quiet")...)
}
