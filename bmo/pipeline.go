package bmo

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/distribution/reference"

	"github.com/docker-bmo/docker-bmo/build"
	"github.com/docker-bmo/docker-bmo/contexts"
	"github.com/docker-bmo/docker-bmo/engine"
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
	stack   *stack.Stack
	options BuildOptions
	request build.Request
	inputs  snapshot.Inputs
	journal *journal.Recorder
	file    *os.File // the journal's; nil when none is kept
	// want is the snapshot that make was last about to make.
	want snapshot.Snapshot
	// outcome says what became of the snapshot, once ensure has succeeded.
	outcome Outcome
}

// newPipeline checks the options that have nothing to do with the key, and begins the log file. The caller closes it.
func (c *Client) newPipeline(st *stack.Stack, info engine.Info, o BuildOptions) (*pipeline, error) {
	if err := c.check(st, info, o); err != nil {
		return nil, err
	}
	p := &pipeline{client: c, engine: c.engine, info: info, stack: st, options: o}
	p.openOutput()
	if info.SlowDriver() {
		c.warn(fmt.Errorf("the engine's storage driver %s copies whole filesystems: commits take seconds", info.Driver))
	}
	return p, nil
}

// check refuses what cannot be built, whatever the inputs are.
func (c *Client) check(st *stack.Stack, info engine.Info, o BuildOptions) error {
	if err := st.CheckURL(); err != nil {
		return err
	}
	if err := info.CheckPlatform(o.Platforms); err != nil {
		return err
	}
	for _, s := range st.Services {
		if s.Platform == "" {
			continue
		}
		if err := info.CheckPlatform([]string{s.Platform}); err != nil {
			return fmt.Errorf("service %s: %w", s.Name, err)
		}
	}
	if err := snapshot.CheckLabels(o.Labels); err != nil {
		return err
	}
	return checkCache(o.Cache, info)
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
		Platform: p.info.Platform(), Stack: canonical, Contexts: digests(res.Trees), Remote: res.Remote, BuildArgs: p.options.BuildArgs,
	}
	p.request = build.Request{
		Stack: p.stack, Contexts: res, Platform: p.info.Platform(), Args: p.options.BuildArgs,
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
		Created: time.Now().UTC(), Services: launch.ServiceNames(p.stack), Volumes: launch.VolumeNames(launch.Lasting(p.stack)),
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
	for name, dgst := range p.inputs.Contexts {
		labels[label.Context+name] = dgst
	}
	if src := publicSource(p.request.Contexts.Source); src != "" {
		labels[label.Source] = src
	}
	return labels
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
