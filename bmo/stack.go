package bmo

import (
	"context"
	"fmt"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/docker-bmo/docker-bmo/dockerfiles"
	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/stack"
)

// StackOptions say how a stack is loaded.
type StackOptions struct {
	// Set are values of variables of the Compose file; they win over the environment.
	Set map[string]string
	// Environ is the environment that variables are taken from, KEY=VALUE as os.Environ has it.
	Environ []string
}

// LoadStack loads a stack: a built-in one by its name, or a Compose file or the folder that one is in.
func LoadStack(ctx context.Context, name string, o StackOptions) (*stack.Stack, error) {
	how := stack.Options{Set: o.Set, Environ: o.Environ}
	if slices.Contains(Stacks(), name) {
		if err := o.checkDatabase(); err != nil {
			return nil, err
		}
		return stack.LoadFS(ctx, dockerfiles.FS, path.Join(name, "compose.yaml"), how)
	}
	files, err := stack.FindFiles(name)
	if os.IsNotExist(err) {
		return nil, hint.Wrap(fmt.Errorf("no stack %q: neither built in nor a Compose file", name),
			"built in are "+strings.Join(Stacks(), " and "))
	}
	if err != nil {
		return nil, err
	}
	return stack.Load(ctx, files, how)
}

// Stacks are the names of the built-in stacks, sorted: the folders of the embedded tree that hold a Compose file.
func Stacks() []string {
	entries, _ := dockerfiles.FS.ReadDir(".")
	var names []string
	for _, e := range entries {
		if _, err := dockerfiles.FS.Open(path.Join(e.Name(), "compose.yaml")); err == nil {
			names = append(names, e.Name())
		}
	}
	return names
}

// Databases are the database servers that the built-in stacks can have, as values of their variable DB.
func Databases() []string { return []string{"mysql", "mariadb"} }

// checkDatabase refuses a variable DB that names no server, for the built-in stacks: the environment may have one that
// means something else.
func (o StackOptions) checkDatabase() error {
	value, given := o.Set["DB"]
	if !given {
		for _, kv := range o.Environ {
			if v, ok := strings.CutPrefix(kv, "DB="); ok {
				value = v
			}
		}
	}
	if value == "" || slices.Contains(Databases(), value) {
		return nil
	}
	err := fmt.Errorf("variable DB is %q: the built-in stacks run on %s", value, strings.Join(Databases(), " or "))
	if !given {
		return hint.Wrap(err, "it comes from the environment; --db wins over it")
	}
	return err
}
