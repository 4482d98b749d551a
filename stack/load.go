package stack

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"path/filepath"

	"github.com/compose-spec/compose-go/v2/consts"
	"github.com/compose-spec/compose-go/v2/interpolation"
	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
)

// Options are what a file's variables, and the choice of its services, depend on.
type Options struct {
	// Set are values given for this load. They win over Environ.
	Set map[string]string
	// Environ is the process environment as os.Environ returns it; nil means none. It wins over env files.
	Environ []string
	// EnvFiles are read in place of the .env file next to the first Compose file; a later one wins.
	EnvFiles []string
	// Profiles are active in addition to those of the variable COMPOSE_PROFILES; "*" is all.
	Profiles []string
	// BuiltIn are the built-in stacks, of which a file on disk can extend services; nil without them.
	BuiltIn fs.FS
}

// WithoutSet returns the options without values that a file may not have a variable for.
func (o Options) WithoutSet() Options {
	o.Set = nil
	return o
}

// Load reads the stack of a Compose file on disk, or of several, each of which is laid over those before it, as Compose
// merges them. Relative paths are relative to the first one.
func Load(ctx context.Context, files []string, opts Options) (*Stack, error) {
	if len(files) == 0 {
		return nil, errors.New("no Compose file")
	}
	first, err := filepath.Abs(files[0])
	if err != nil {
		return nil, err
	}
	s := &Stack{Dir: filepath.Dir(first), BuiltIn: opts.BuiltIn}
	l := newLoading(s, &tree{dir: s.Dir, builtIn: opts.BuiltIn, named: map[string][]byte{}}, opts)
	for _, name := range files {
		abs, err := filepath.Abs(name)
		if err != nil {
			return nil, err
		}
		if err := l.readFile(name, abs); err != nil {
			return nil, err
		}
	}
	return l.load(ctx)
}

// LoadFS reads the stack of a Compose file in fsys; file is a path from its root, with slashes.
func LoadFS(ctx context.Context, fsys fs.FS, file string, opts Options) (*Stack, error) {
	s := &Stack{FS: fsys, Path: path.Dir(file)}
	l := newLoading(s, &tree{fsys: fsys, path: s.Path}, opts)
	if err := l.readFile(file, path.Base(file)); err != nil {
		return nil, err
	}
	return l.load(ctx)
}

// loading is the state of reading a stack.
type loading struct {
	stack    *Stack
	tree     *tree
	options  Options
	vars     *variables
	problems *problems
	decoder  decoder
	files    []types.ConfigFile
	sources  []source
	project  *types.Project
	// healthy has "NAME DEPENDENCY" for each service that requires another one to be healthy, which only a service with
	// a probe can be.
	healthy map[string]bool
	// left are the services that are not active; ends are those that others wait for to end; links are what services
	// call others, NAME and ALIAS.
	left, ends []string
	links      [][2]string
	// address reports whether x-bmo.url is in the file.
	address bool
}

func newLoading(s *Stack, t *tree, opts Options) *loading {
	p := &problems{}
	return &loading{
		stack: s, tree: t, options: opts, problems: p, decoder: decoder{p}, healthy: map[string]bool{},
		vars: newVariables(opts, p),
	}
}

// readFile reads a Compose file. The name is used in errors; at is its path in the tree.
func (l *loading) readFile(name, at string) error {
	content, err := l.tree.read(at)
	if err != nil {
		return fmt.Errorf("cannot read the stack: %w", err)
	}
	if err := checkDepth(content); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	l.stack.Files = append(l.stack.Files, name)
	l.sources = append(l.sources, newSource(name, content))
	l.files = append(l.files, types.ConfigFile{Filename: name, Content: asWritten(content)})
	return nil
}

// load fills the stack from the files.
func (l *loading) load(ctx context.Context) (_ *Stack, err error) {
	defer func() { err = errors.Join(err, l.tree.close()) }()
	l.vars.readEnvFiles(l.tree, l.options.EnvFiles)
	details := types.ConfigDetails{
		WorkingDir:  l.tree.workingDir(),
		ConfigFiles: l.files,
		Environment: types.Mapping{}, // gets the project's name; all other values come from vars
	}
	l.vars.project = details.Environment
	options := l.composeOptions()
	model, err := readModel(ctx, details, options)
	switch {
	case len(l.problems.list) > 0: // without a variable's value, nothing else can be checked
	case err != nil:
		l.problems.addCompose(err, l.sources[0].name, l.tree.workingDir())
	default:
		l.stack.Name = details.Environment[consts.ComposeProjectName]
		l.model(model, loader.ToOptions(&details, []func(*loader.Options){options}), details)
		l.vars.checkSet()
	}
	l.sortNotes()
	l.stack.Warnings = l.vars.warnings()
	if err := l.problems.err(l.sources, l.tree.sources(l.sources[0].name)); err != nil {
		return nil, err
	}
	return l.stack, nil
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

// composeOptions make compose-go read the files as they are: without resolving paths, since no path of this machine may
// get into the model unless an included file is elsewhere, and with every variable taken from vars.
func (l *loading) composeOptions() func(*loader.Options) {
	return func(o *loader.Options) {
		o.SetProjectName(l.projectName())
		o.Profiles = l.profiles()
		o.ResolvePaths = false
		o.SkipNormalization = true
		o.SkipConsistencyCheck = true
		o.SkipInclude = l.tree.fsys != nil
		o.SkipResolveEnvironment = true
		o.SkipResolveLabels = true
		o.ResourceLoaders = []loader.ResourceLoader{l.tree}
		o.Interpolate = &interpolation.Options{
			LookupValue:     l.vars.lookup,
			Substitute:      l.vars.substitute,
			TypeCastMapping: maps.Clone(o.Interpolate.TypeCastMapping),
		}
	}
}

// projectName returns the name of a stack whose file has none, as Compose finds it, and whether it wins over that of
// the file. A built-in stack is called as its file says.
func (l *loading) projectName() (name string, wins bool) {
	if l.tree.fsys != nil {
		return "unnamed", false // until that is reported
	}
	if name, ok := l.vars.value(consts.ComposeProjectName); ok && name != "" {
		return name, true
	}
	name = loader.NormalizeProjectName(filepath.Base(l.stack.Dir))
	if name == "" {
		name = "stack"
	}
	return name, false
}
