package contexts

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/docker-bmo/docker-bmo/stack"
)

// Compose makes all build contexts of a stack.
func Compose(ctx context.Context, st *stack.Stack, opts Options) (*Result, error) {
	c, err := newComposer(st, opts)
	if err != nil {
		return nil, err
	}
	if err := c.planContexts(ctx); err != nil {
		return nil, err
	}
	if err := c.planServices(ctx); err != nil {
		return nil, err
	}
	if opts.Source != "" && !usesSource(st) {
		return nil, fmt.Errorf("stack %s is made from no source tree\nhint: leave --source out", st.Name)
	}
	if err := c.build(ctx); err != nil {
		return nil, err
	}
	return c.result, nil
}

// composer gathers first what each tree is made of, so that each folder is
// walked and each file hashed once.
type composer struct {
	stack   *stack.Stack
	opts    Options
	workDir string
	result  *Result
	planned map[string]selection // trees to make, by name

	overrides  map[string]location
	selections map[string]selection // named contexts
	roots      map[string]*root
	fetches    map[string]fetchedTree
	source     *root
}

func newComposer(st *stack.Stack, opts Options) (*composer, error) {
	c := &composer{
		stack: st, opts: opts, workDir: opts.WorkDir,
		result:     &Result{Trees: Set{}, Remote: map[string]string{}, Dockerfiles: map[string]string{}, fault: &fault{}},
		planned:    map[string]selection{},
		selections: map[string]selection{},
		roots:      map[string]*root{},
		fetches:    map[string]fetchedTree{},
	}
	var err error
	if c.workDir == "" {
		c.workDir, err = os.Getwd()
	} else {
		c.workDir, err = filepath.Abs(c.workDir)
	}
	if err != nil {
		return nil, err
	}
	c.overrides, err = parseOverrides(opts.Overrides)
	return c, err
}

func (c *composer) progress(name, detail string) {
	if c.opts.Progress != nil {
		c.opts.Progress(name, detail)
	}
}

// open returns the root at a place, the same one for each that asks.
func (c *composer) open(p place) (*root, error) {
	key := p.name + "\n" + p.path
	if r, ok := c.roots[key]; ok {
		return r, nil
	}
	r, err := p.root()
	if err == nil {
		c.roots[key] = r
	}
	return r, err
}

func usesSource(st *stack.Stack) bool {
	for _, decl := range st.Contexts {
		if decl.From == stack.FromSource {
			return true
		}
	}
	return false
}
