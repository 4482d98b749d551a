package build

import (
	"context"
	"maps"
	"sync"

	bkclient "github.com/moby/buildkit/client"
	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/client/llb/sourceresolver"
	gateway "github.com/moby/buildkit/frontend/gateway/client"
	digest "github.com/opencontainers/go-digest"
	"github.com/tonistiigi/fsutil"
	"golang.org/x/sync/errgroup"

	"github.com/docker-bmo/docker-bmo/contexts"
	"github.com/docker-bmo/docker-bmo/progress"
)

// Bases resolves the base images that the stack's builds would use, without building anything. It maps each name to the
// digest of the image's configuration, which is the same in every image store.
func Bases(ctx context.Context, c Connector, r Request, p *progress.Printer) (map[string]string, error) {
	bk, err := c.BuildKit(ctx)
	if err != nil {
		return nil, err
	}
	defer bk.Close()
	seen := &record{bases: map[string]string{}}
	eg, ctx := errgroup.WithContext(ctx)
	for _, t := range r.targets() {
		eg.Go(func() error {
			return r.solve(ctx, bk, t, bkclient.SolveOpt{}, p, func(ctx context.Context, gw gateway.Client) (*gateway.Result, error) {
				if _, err := r.frontend(ctx, gw, t.attrs, seen); err != nil {
					return nil, err
				}
				return gateway.NewResult(), nil
			})
		})
	}
	return seen.bases, eg.Wait()
}

// record collects the images that frontends resolve.
type record struct {
	mu    sync.Mutex
	bases map[string]string
}

func (r *record) add(ref string, config []byte) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.bases[ref] = digest.FromBytes(config).String()
}

// client is BuildKit's gateway with the attributes of one target; it records what is resolved through it.
type client struct {
	gateway.Client
	attrs  map[string]string
	record *record
	inputs map[string]llb.State
}

// cacheImports is the attribute with which BuildKit's client tells the frontend which caches to import.
const cacheImports = "cache-imports"

// BuildOpts returns the target's attributes instead of those of the whole solve.
func (c *client) BuildOpts() gateway.BuildOpts {
	o := c.Client.BuildOpts()
	imports, given := o.Opts[cacheImports]
	o.Opts = maps.Clone(c.attrs)
	resolveGateway(o.Opts, o.Workers)
	if given {
		o.Opts[cacheImports] = imports
	}
	return o
}

// ResolveImageConfig resolves an image and records it.
func (c *client) ResolveImageConfig(ctx context.Context, ref string, opt sourceresolver.Opt) (string, digest.Digest, []byte, error) {
	name, dgst, config, err := c.Client.ResolveImageConfig(ctx, ref, opt)
	if err == nil {
		c.record.add(ref, config)
	}
	return name, dgst, config, err
}

// mounts returns the folders that BuildKit may ask for: all trees by name, and the service's own under the names that
// the Dockerfile frontend uses for them.
func mounts(trees contexts.Set, service string) map[string]fsutil.FS {
	m := make(map[string]fsutil.FS, len(trees)+2)
	for name, t := range trees {
		m[name] = t.FS()
	}
	m["context"] = trees["service/"+service].FS()
	m["dockerfile"] = trees["dockerfile/"+service].FS()
	return m
}
