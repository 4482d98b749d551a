package contexts

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/stack"
)

// Load makes all build contexts of a stack. On the way from the stack to its trees, a contextRef is what somebody wrote
// for one, a dir the folder that it leads to, a cachedDir that folder with what has been read of it, a selection what
// patterns leave of it, an entry one of its files at its path in a Tree.
func Load(ctx context.Context, st *stack.Stack, opts Options) (*Result, error) {
	l, err := newLoader(st, opts)
	if err != nil {
		return nil, err
	}
	if err := l.planContexts(ctx); err != nil {
		return nil, err
	}
	if err := l.planServices(ctx); err != nil {
		return nil, err
	}
	if opts.Source != "" && !usesSource(st) {
		return nil, hint.Wrap(fmt.Errorf("stack %s does not use a source tree", st.Name), "leave --source out")
	}
	if err := l.build(ctx); err != nil {
		return nil, err
	}
	return l.result, nil
}

// loader first collects what each tree is made of, so that each folder is walked and each file hashed only once.
type loader struct {
	stack   *stack.Stack
	opts    Options
	workDir string
	result  *Result
	planned map[string]selection // trees to make, by name

	overrides  map[string]contextRef
	selections map[string]selection // named contexts
	dirs       map[string]*cachedDir
	fetches    map[string]fetchedTree
	sourceTree *cachedDir
}

func newLoader(st *stack.Stack, opts Options) (*loader, error) {
	l := &loader{
		stack: st, opts: opts, workDir: opts.WorkDir,
		result:     &Result{Trees: Set{}, Remote: map[string]string{}, Dockerfiles: map[string]string{}, Files: map[string]bool{}, fault: &fault{}},
		planned:    map[string]selection{},
		selections: map[string]selection{},
		dirs:       map[string]*cachedDir{},
		fetches:    map[string]fetchedTree{},
	}
	var err error
	if l.workDir == "" {
		l.workDir, err = os.Getwd()
	} else {
		l.workDir, err = filepath.Abs(l.workDir)
	}
	if err != nil {
		return nil, err
	}
	l.overrides, err = parseOverrides(opts.Overrides)
	return l, err
}

func (l *loader) progress(name, detail string) {
	if l.opts.Progress != nil {
		l.opts.Progress(name, detail)
	}
}

// openDir returns what is in a folder, the same one for each that asks.
func (l *loader) openDir(d dir) (*cachedDir, error) {
	key := d.name + "\n" + d.path
	if opened, ok := l.dirs[key]; ok {
		return opened, nil
	}
	opened, err := d.open()
	if err == nil {
		l.dirs[key] = opened
	}
	return opened, err
}

func usesSource(st *stack.Stack) bool {
	for _, decl := range st.Contexts {
		if decl.From == stack.FromSource {
			return true
		}
	}
	return false
}
