// Package build makes the images of a stack: one BuildKit solve for each distinct build of its services, independent
// ones in parallel, through the engine.
//
// The Dockerfile frontend runs in this process (BuildKit's own package): that shows which base images it resolves,
// needs no frontend image, and makes named contexts work the same on every engine.
//
// This package is not API: it can change at any time. Programs use bmo.
package build

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	bkclient "github.com/moby/buildkit/client"
	"github.com/moby/buildkit/exporter/containerimage/exptypes"
	gateway "github.com/moby/buildkit/frontend/gateway/client"
	"github.com/moby/buildkit/session"
	"golang.org/x/sync/errgroup"

	"github.com/docker-bmo/docker-bmo/contexts"
	"github.com/docker-bmo/docker-bmo/progress"
	"github.com/docker-bmo/docker-bmo/stack"
)

// Request describes what to build.
type Request struct {
	Stack    *stack.Stack
	Contexts *contexts.Result
	// Platform is the engine's, for example "linux/amd64".
	Platform string
	// Args are build arguments for every image; they override a service's own.
	Args map[string]string
	// Proxies are build arguments, too, that are not part of a key: a service's own and Args override them.
	Proxies map[string]string
	// Access is what RUN may use.
	Access Access
	// Cache is used by Images.
	Cache Cache
	// NoCache ignores BuildKit's cache; Pull asks the registries for base images even if the engine has them.
	NoCache, Pull bool
	// Session is what BuildKit may ask the client for, such as registry credentials.
	Session []session.Attachable
}

// target is one distinct build and the services that share its result.
type target struct {
	services []string
	service  stack.Service     // the one that it is built for; the others are built in the same way
	attrs    map[string]string // of the frontend
}

// name returns what the target is called in progress, errors and caches: the application's service if that is one of
// its services, otherwise the first.
func (t target) name() string { return t.services[0] }

// targets groups services by what would be built for them.
func (r Request) targets() []target {
	byID := map[string]*target{}
	var ids []string
	for _, s := range r.Stack.Services {
		attrs := r.attrs(s)
		id := r.identity(s, attrs)
		if byID[id] == nil {
			byID[id] = &target{attrs: attrs, service: s}
			ids = append(ids, id)
		}
		if s.Name == r.Stack.URL.Service {
			byID[id].services = slices.Insert(byID[id].services, 0, s.Name)
			byID[id].attrs, byID[id].service = attrs, s
		} else {
			byID[id].services = append(byID[id].services, s.Name)
		}
	}
	out := make([]target, len(ids))
	for i, id := range ids {
		out[i] = *byID[id]
	}
	return out
}

// Connector returns BuildKit clients; it is implemented by engine.Engine.
type Connector interface {
	BuildKit(ctx context.Context) (*bkclient.Client, error)
}

// Images builds every service's image and gives it the name and labels that the functions return for the first of the
// services that share it. It returns the name of each service's image. A build that fails is an *Error.
func Images(ctx context.Context, c Connector, r Request, name func(service string) string,
	labels func(service string) map[string]string, p *progress.Printer,
) (map[string]string, error) {
	bk, err := c.BuildKit(ctx)
	if err != nil {
		return nil, err
	}
	defer bk.Close()
	targets, images := r.targets(), map[string]string{}
	eg, ctx := errgroup.WithContext(ctx)
	for _, t := range targets {
		for _, s := range t.services {
			images[s] = name(t.name())
		}
		eg.Go(func() error {
			from, to, err := r.Cache.forTarget(t.name())
			if err != nil {
				return err
			}
			err = r.solve(ctx, bk, t, bkclient.SolveOpt{
				Exports:      []bkclient.ExportEntry{{Type: "moby", Attrs: map[string]string{"name": name(t.name())}}},
				CacheImports: from, CacheExports: to,
			}, p, func(ctx context.Context, gw gateway.Client) (*gateway.Result, error) {
				res, err := r.frontend(ctx, gw, t.attrs, nil)
				if err != nil {
					return nil, err
				}
				if err := r.finish(ctx, gw, res, t.service); err != nil {
					return nil, err
				}
				return res, configure(res, labels(t.name()))
			})
			return err
		})
	}
	return images, eg.Wait()
}

// solve runs fn as one build of BuildKit, with every tree available and progress shown. opt determines what happens
// with the result.
func (r Request) solve(ctx context.Context, bk *bkclient.Client, t target, opt bkclient.SolveOpt,
	p *progress.Printer, fn gateway.BuildFunc,
) error {
	var err error
	if opt.Session, err = r.attach(t); err != nil {
		return err
	}
	ctx, cancel := r.Contexts.Watch(ctx)
	defer cancel()
	var printed outputs
	status, watched := make(chan *bkclient.SolveStatus), make(chan *bkclient.SolveStatus)
	shown := make(chan struct{})
	go printed.watch(status, watched)
	go func() {
		defer close(shown)
		p.Forward(t.name(), watched)
	}()
	opt.FrontendAttrs = t.attrs
	opt.LocalMounts = mounts(r.Contexts.Trees, t.name())
	// BuildKit keeps what it received under this key and asks only for the difference next time.
	opt.SharedKey = "docker-bmo/" + r.Stack.Name + "/" + t.name()
	opt.AllowedEntitlements = r.entitlements(t.service)
	_, err = bk.Build(ctx, opt, "docker-bmo", fn, status)
	<-shown
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		return newError(t.services, err, printed.ofFailed(), p.Visible())
	}
	return nil
}

// configure adds labels to the configuration of a build's result and drops its volumes, which finish has made folders of:
// what bootstrap writes to a volume would be missing from the commit, and each container would leave an anonymous one.
func configure(res *gateway.Result, labels map[string]string) error {
	raw, ok := res.Metadata[exptypes.ExporterImageConfigKey]
	if !ok {
		return errors.New("the build gave no image configuration")
	}
	img := map[string]any{}
	if err := json.Unmarshal(raw, &img); err != nil {
		return fmt.Errorf("image configuration: %w", err)
	}
	cfg, _ := img["config"].(map[string]any)
	if cfg == nil {
		cfg = map[string]any{}
		img["config"] = cfg
	}
	delete(cfg, "Volumes")
	all, _ := cfg["Labels"].(map[string]any)
	if all == nil {
		all = map[string]any{}
	}
	for k, v := range labels {
		all[k] = v
	}
	cfg["Labels"] = all
	raw, err := json.Marshal(img)
	if err != nil {
		return err
	}
	res.AddMeta(exptypes.ExporterImageConfigKey, raw)
	return nil
}
