package stack

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"github.com/compose-spec/compose-go/v2/interpolation"
	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"

	"github.com/docker-bmo/docker-bmo/internal/hint"
)

// Options are the values of a file's variables.
type Options struct {
	// Set are values given for this load. They win over Environ.
	Set map[string]string
	// Environ is the process environment as os.Environ returns it; nil means none. It wins over a .env file next to the
	// Compose file.
	Environ []string
}

// Load reads the stack of a Compose file on disk.
func Load(ctx context.Context, file string, opts Options) (*Stack, error) {
	abs, err := filepath.Abs(file)
	if err != nil {
		return nil, err
	}
	s := &Stack{Dir: filepath.Dir(abs)}
	return load(ctx, s, &tree{dir: s.Dir}, file, filepath.Base(abs), opts)
}

// LoadFS reads the stack of a Compose file in fsys; file is a path from its root, with slashes.
func LoadFS(ctx context.Context, fsys fs.FS, file string, opts Options) (*Stack, error) {
	s := &Stack{FS: fsys, Path: path.Dir(file)}
	return load(ctx, s, &tree{fsys: fsys, path: s.Path}, file, path.Base(file), opts)
}

// load fills s from the file called base in t. The name is used in errors.
func load(ctx context.Context, s *Stack, t *tree, name, base string, opts Options) (_ *Stack, err error) {
	content, err := t.read(base)
	if err != nil {
		return nil, fmt.Errorf("cannot read the stack: %w", err)
	}
	defer func() { err = errors.Join(err, t.close()) }()

	p := &problems{}
	vars := newVariables(opts, p)
	vars.readDotenv(t)
	details := types.ConfigDetails{
		WorkingDir:  t.workingDir(),
		ConfigFiles: []types.ConfigFile{{Filename: name, Content: content}},
	}
	options := composeOptions(vars, t)
	model, err := readModel(ctx, details, options)
	switch {
	case len(p.list) > 0: // without a variable's value, nothing else can be checked
	case err != nil:
		p.addCompose(err, name, t.workingDir())
	default:
		l := &loading{stack: s, tree: t, vars: vars, problems: p, decoder: decoder{p}, healthy: map[string]bool{}}
		l.model(model, loader.ToOptions(&details, []func(*loader.Options){options}), details)
		vars.checkSet()
	}
	if err := p.err(name); err != nil {
		return nil, err
	}
	return s, nil
}

// readModel reads the file with compose-go, which checks a file against the schema only after it has followed extends,
// and panics when one that is extended has a list where it expects a word.
func readModel(
	ctx context.Context, details types.ConfigDetails, options func(*loader.Options),
) (model map[string]any, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("malformed, here or in a file that it extends: %v", r)
		}
	}()
	return loader.LoadModelWithContext(ctx, details, options)
}

// composeOptions make compose-go read one file as it is: without resolving paths, since no path of this machine may get
// into the model, without anything that only a running Compose project has, and with every variable taken from vars.
func composeOptions(vars *variables, t *tree) func(*loader.Options) {
	return func(o *loader.Options) {
		o.SetProjectName("unnamed", false) // the name of a file without one, until that is reported
		o.Profiles = []string{"*"}
		o.ResolvePaths = false
		o.SkipNormalization = true
		o.SkipConsistencyCheck = true
		o.SkipInclude = true
		o.SkipResolveEnvironment = true
		o.SkipResolveLabels = true
		o.ResourceLoaders = []loader.ResourceLoader{t}
		o.Interpolate = &interpolation.Options{
			LookupValue:     vars.lookup,
			Substitute:      vars.substitute,
			TypeCastMapping: o.Interpolate.TypeCastMapping,
		}
	}
}

// FindFile returns the Compose file that a path means: the file itself, or the one in a folder, under a name that
// Compose looks for.
func FindFile(name string) (string, error) {
	info, err := os.Stat(name)
	if err != nil || !info.IsDir() {
		return name, err
	}
	for _, base := range []string{"compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"} {
		file := filepath.Join(name, base)
		if _, err := os.Stat(file); err == nil {
			return file, nil
		}
	}
	return "", hint.Wrap(fmt.Errorf("no Compose file in %s", name), "name the file, or call it compose.yaml")
}
