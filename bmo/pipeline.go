package bmo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/distribution/reference"

	"github.com/docker-bmo/docker-bmo/bootstrap"
	"github.com/docker-bmo/docker-bmo/build"
	"github.com/docker-bmo/docker-bmo/contexts"
	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/internal/version"
	"github.com/docker-bmo/docker-bmo/journal"
	"github.com/docker-bmo/docker-bmo/launch"
	"github.com/docker-bmo/docker-bmo/progress"
	"github.com/docker-bmo/docker-bmo/snapshot"
	"github.com/docker-bmo/docker-bmo/stack"
)

// pipeline leads from a stack to its snapshot: contexts, key, look-up, images, bootstrap.
type pipeline struct {
	client  *Client
	engine  *engine.Engine
	info    engine.Info
	other   string // the platform, if it is not the engine's own
	stack   *stack.Stack
	options BuildOptions
	request build.Request
	inputs  snapshot.Inputs
	journal *journal.Recorder
	unshow  func() // ends what newPipeline has begun
	// want is the snapshot that make was last about to make.
	want snapshot.Snapshot
	// outcome says what became of the snapshot, once ensure has succeeded.
	outcome Outcome
	// from is what the bootstrap of a snapshot that was made has gone on from, nil if it began from nothing.
	from *bootstrap.Origin
	// data is the snapshot whose data one has that was grafted, and dataPlatform what that is for.
	data         *snapshot.Snapshot
	dataPlatform string
	// noRepository says that the stack's repository was of no use.
	noRepository bool
	// moved is what was pulled of it.
	moved Moved
}

// close makes the records whole of what was removed on the way.
func (p *pipeline) close(ctx context.Context) {
	p.client.settle(ctx)
	p.unshow()
}

// newPipeline checks the options that have nothing to do with the key. The caller closes it.
func (c *Client) newPipeline(ctx context.Context, st *stack.Stack, info engine.Info, o BuildOptions) (*pipeline, error) {
	platform, err := c.check(st, info, o)
	if err != nil {
		return nil, err
	}
	if err := c.engine.RunsPlatform(ctx, info, platform); err != nil {
		return nil, err
	}
	p := &pipeline{client: c, engine: c.engine, info: info, other: platform, stack: st, options: o, unshow: c.show(o.Progress), journal: journal.New(nil)}
	if info.SlowDriver() {
		c.warn(fmt.Errorf("the engine's storage driver %s copies whole filesystems: commits take seconds", info.Driver))
	}
	return p, nil
}

// platform is what the snapshot is for.
func (p *pipeline) platform() string { return cmp.Or(p.other, p.info.Platform()) }

// check refuses what cannot be built, whatever the inputs are. It returns the platform that the snapshot is for.
func (c *Client) check(st *stack.Stack, info engine.Info, o BuildOptions) (platform string, err error) {
	if err := st.CheckURL(); err != nil {
		return "", err
	}
	if o.FromNearest && o.NoCache {
		return "", errors.New("--from-nearest cannot be combined with --no-cache, which makes everything anew")
	}
	if platform, err = info.ParsePlatform(o.Platform); err != nil {
		return "", err
	}
	if err := checkPlatforms(st, info, platform); err != nil {
		return "", err
	}
	if err := snapshot.CheckLabels(o.Labels); err != nil {
		return "", err
	}
	return platform, checkCache(o.Cache, info)
}

// checkPlatforms refuses services that are for another platform than the snapshot.
func checkPlatforms(st *stack.Stack, info engine.Info, platform string) error {
	for _, s := range st.Services {
		own, err := info.ParsePlatform(cmp.Or(s.Platform, platform))
		if err != nil {
			return fmt.Errorf("service %s: %w", s.Name, err)
		}
		if own != platform {
			return hint.Wrap(fmt.Errorf("service %s is for platform %s, and the snapshot for %s", s.Name, own, platform),
				"all services of a snapshot are for one platform: leave it out of the file, or use --platform "+own)
		}
	}
	return nil
}

// loadContexts loads the stack's contexts and computes the digest of all inputs, once. BuildKit is not asked for
// anything.
func (p *pipeline) loadContexts(ctx context.Context) error {
	if p.request.Contexts != nil {
		return nil
	}
	var res *contexts.Result
	err := p.options.Progress.Step(ctx, "load contexts of "+p.stack.Name, func(ctx context.Context, log *progress.Log) (err error) {
		res, err = contexts.Load(ctx, p.stack, contexts.Options{
			Source: p.options.Source, Overrides: p.options.BuildContexts, Cache: p.client.cacheDir,
			Progress: func(name, detail string) {
				if detail == "" {
					log.SetStatus(name, "")
					return
				}
				log.SetStatus("", "")
				log.Note(name + ": " + detail)
			},
			Counting: log.SetBytes,
		})
		return err
	})
	if err != nil {
		return err
	}
	canonical, err := p.stack.Canonical()
	if err != nil {
		return err
	}
	p.inputs = snapshot.Inputs{
		Platform: p.platform(), Stack: canonical, Contexts: digests(res.Trees), Remote: res.Remote, BuildArgs: p.options.BuildArgs,
	}
	p.request = build.Request{
		Stack: p.stack, Contexts: res, Platform: p.platform(), Args: p.options.BuildArgs,
		Cache: p.options.Cache, NoCache: p.options.NoCache, Pull: p.options.Pull, Session: p.client.session(),
		Access: p.options.Access, Proxies: p.client.proxies,
	}
	return nil
}

func digests(trees contexts.Set) map[string]string {
	m := make(map[string]string, len(trees))
	for name, t := range trees {
		m[name] = t.Digest().String()
	}
	return m
}

// describe says what the snapshot will be called.
func (p *pipeline) describe(bases map[string]string) snapshot.Snapshot {
	return snapshot.Snapshot{
		Key: p.inputs.Key(bases), Inputs: p.inputs.Digest(), Stack: p.stack.Name, Version: version.Version,
		Created: p.engine.Now(), Services: launch.ServiceNames(p.stack), Volumes: launch.VolumeNames(launch.Lasting(p.stack)),
	}
}

// imageLabels are those of the snapshot's images in addition to the snapshot's own.
func (p *pipeline) imageLabels(bases map[string]string) map[string]string {
	labels := maps.Clone(p.options.Labels)
	if labels == nil {
		labels = map[string]string{}
	}
	maps.Copy(labels, p.parts())
	labels[label.Bases] = strings.Join(familiar(bases), ",")
	labels[label.BaseDigests], labels[label.StepDigests] = baseDigests(bases), stepDigests(p.stack.Bootstrap)
	for name, dgst := range p.inputs.Contexts {
		labels[label.Context+name] = dgst
	}
	if src := publicSource(p.request.Contexts.Source); src != "" {
		labels[label.Source] = src
	}
	return labels
}

// baseDigests and stepDigests are the labels of those names.
func baseDigests(bases map[string]string) string {
	var list []string
	for name, dgst := range bases {
		list = append(list, familiar(map[string]string{name: ""})[0]+"="+dgst)
	}
	slices.Sort(list)
	return strings.Join(list, ",")
}

func stepDigests(steps []stack.Step) string {
	var list []string
	for _, s := range steps {
		list = append(list, s.Service+"="+partDigest(s))
	}
	return strings.Join(list, ",")
}

// familiar are the names of images as docker shows them, sorted.
func familiar(images map[string]string) []string {
	var names []string
	for name := range images {
		if ref, err := reference.ParseNormalizedNamed(name); err == nil {
			name = reference.FamiliarString(ref)
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// publicSource is a Git URL without its credentials, and nothing for a folder: neither belongs in a label.
func publicSource(source string) string {
	u, err := url.Parse(source)
	if err != nil || u.Scheme == "" || u.Host == "" {
		return ""
	}
	u.User = nil
	return u.String()
}
