package bmo

import (
	"context"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/docker-bmo/docker-bmo/contexts"
	"github.com/docker-bmo/docker-bmo/dockerfiles"
	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/stack"
)

// StackOptions say how a stack is loaded.
type StackOptions struct {
	// Files are further Compose files, each laid over those before it.
	Files []string
	// Profiles are active in addition to those of COMPOSE_PROFILES in Environ.
	Profiles []string
	// EnvFiles give values to variables, in place of the .env file next to the Compose file.
	EnvFiles []string
	// Set are values of variables of the Compose file; they win over the environment.
	Set map[string]string
	// Environ is the environment that variables are taken from, KEY=VALUE as os.Environ has it.
	Environ []string
	// Dir is where a stack without a name is looked for, "" for the working folder.
	Dir string
	// Source is the source tree that will be built, if it is known: a stack without a name is the built-in one that it
	// belongs to.
	Source string
}

// LoadStack loads a stack: a built-in one by its name, or a Compose file or the folder that one is in.
//
// Without a name it is the built-in stack whose source tree holds the folder, else the Compose file there or in the
// nearest folder above, as Compose finds it, else the stack of BMO.
func LoadStack(ctx context.Context, name string, o StackOptions) (*stack.Stack, error) {
	how := stack.Options{
		Set: o.Set, Environ: o.Environ, Profiles: o.Profiles, EnvFiles: o.EnvFiles, BuiltIn: dockerfiles.FS,
	}
	if name == "" {
		return o.loadDefault(ctx, how)
	}
	if slices.Contains(Stacks(), name) {
		if len(o.Files) > 0 {
			return nil, hint.Wrap(fmt.Errorf("stack %s is built in: no other file can be laid over it", name),
				"name a Compose file first")
		}
		return o.loadBuiltIn(ctx, name, how)
	}
	files, err := stack.FindFiles(name)
	if os.IsNotExist(err) {
		return nil, hint.Wrap(fmt.Errorf("no stack %q: neither built in nor a Compose file", name),
			"built in are "+strings.Join(Stacks(), ", "))
	}
	if err != nil {
		return nil, err
	}
	for _, more := range o.Files {
		found, err := stack.FindFiles(more)
		if err != nil {
			return nil, err
		}
		files = append(files, found...)
	}
	return stack.Load(ctx, files, how)
}

func (o StackOptions) loadBuiltIn(ctx context.Context, name string, how stack.Options) (*stack.Stack, error) {
	if err := o.checkDatabase(); err != nil {
		return nil, err
	}
	return stack.LoadFS(ctx, dockerfiles.FS, path.Join(name, "compose.yaml"), how)
}

// defaultStack is the stack of a folder that nothing else is known of.
const defaultStack = "bmo"

// loadDefault loads the stack that is meant when none is named.
func (o StackOptions) loadDefault(ctx context.Context, how stack.Options) (*stack.Stack, error) {
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, err
	}
	at := dir
	if o.Source != "" && !stack.IsURL(o.Source) {
		at, _ = filepath.Abs(o.Source)
	}
	if o.checkDatabase() == nil {
		for _, name := range Stacks() {
			st, err := stack.LoadFS(ctx, dockerfiles.FS, path.Join(name, "compose.yaml"), how.WithoutSet())
			if err == nil && contexts.Enclosing(at, st.Source.Marker) != "" {
				return o.loadBuiltIn(ctx, name, how)
			}
		}
	}
	files, err := stack.FindAbove(dir)
	if err != nil {
		return o.loadBuiltIn(ctx, defaultStack, how)
	}
	if wd, err := os.Getwd(); err == nil {
		for i, file := range files {
			if rel, err := filepath.Rel(wd, file); err == nil {
				files[i] = rel
			}
		}
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
