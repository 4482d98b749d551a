package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/distribution/reference"

	"github.com/docker-bmo/docker-bmo/build"
	"github.com/docker-bmo/docker-bmo/contexts"
	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/internal/version"
	"github.com/docker-bmo/docker-bmo/journal"
	"github.com/docker-bmo/docker-bmo/progress"
	"github.com/docker-bmo/docker-bmo/snapshot"
	"github.com/docker-bmo/docker-bmo/stack"
)

// pipeline leads from a stack to its snapshot: contexts, key, look-up, images, bootstrap.
type pipeline struct {
	engine   *engine.Engine
	info     engine.Info
	stack    *stack.Stack
	options  stackOptions
	session  sessionFunc
	request  build.Request
	inputs   snapshot.Inputs
	labels   map[string]string // the user's
	cache    build.Cache
	progress *progress.Printer
	journal  *journal.Recorder
	logFile  string
	// want is the snapshot that make was last about to make.
	want snapshot.Snapshot
	// outcome says what became of the snapshot, once ensure has succeeded.
	outcome string
}

// compose makes the stack's contexts and the digest of all inputs, once. BuildKit is not asked for anything.
func (p *pipeline) compose(ctx context.Context) error {
	if p.request.Contexts != nil {
		return nil
	}
	overrides, err := keyValues("--build-context", "NAME=FOLDER", p.options.buildContexts)
	if err != nil {
		return err
	}
	args, err := environValues("--build-arg", p.options.buildArgs)
	if err != nil {
		return err
	}
	var res *contexts.Result
	err = p.progress.Step(ctx, "load contexts of "+p.stack.Name, func(ctx context.Context, log *progress.Log) error {
		res, err = contexts.Load(ctx, p.stack, contexts.Options{
			Source: p.options.source, Overrides: overrides, Cache: cacheDir(),
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
		Platform: p.info.Platform(), Stack: canonical, Contexts: digests(res.Trees), Remote: res.Remote, BuildArgs: args,
	}
	p.request = build.Request{
		Stack: p.stack, Contexts: res, Platform: p.info.Platform(), Args: args,
		Cache: p.cache, NoCache: p.options.noCache, Pull: p.options.pull, Session: p.session(),
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

// prepare reads the options that have nothing to do with the key.
func (p *pipeline) prepare() (err error) {
	if err := p.checkPlatform(); err != nil {
		return err
	}
	if p.labels, err = labelValues(p.options.labels); err != nil {
		return err
	}
	if p.cache, err = build.ParseCache(p.options.cacheFrom, p.options.cacheTo); err != nil {
		return err
	}
	if p.cache.NeedsContainerdStore() && !p.info.ContainerdStore {
		return hint.Wrap(errors.New("the engine's image store cannot export a build cache"),
			"turn on its containerd image store, or use --cache-to type=inline")
	}
	return nil
}

// checkPlatform refuses other platforms than the engine's own, be they asked for by --platform or, where that is left
// out, by DOCKER_DEFAULT_PLATFORM, which docker and buildx heed.
func (p *pipeline) checkPlatform() error {
	env := os.Getenv("DOCKER_DEFAULT_PLATFORM")
	if len(p.options.platforms) > 0 || env == "" {
		return p.info.CheckPlatform(p.options.platforms)
	}
	if err := p.info.CheckPlatform([]string{env}); err != nil {
		return hint.Wrap(fmt.Errorf("DOCKER_DEFAULT_PLATFORM is set: %w", err), "unset DOCKER_DEFAULT_PLATFORM")
	}
	return nil
}

// describe says what the snapshot will be called.
func (p *pipeline) describe(bases map[string]string) snapshot.Snapshot {
	return snapshot.Snapshot{
		Key: p.inputs.Key(bases), Inputs: p.inputs.Digest(), Stack: p.stack.Name, Version: version.Version,
		Created: time.Now().UTC(), Services: p.serviceNames(),
	}
}

// serviceNames are the names of the stack's services, sorted.
func (p *pipeline) serviceNames() []string {
	services := make([]string, len(p.stack.Services))
	for i, s := range p.stack.Services {
		services[i] = s.Name
	}
	slices.Sort(services)
	return services
}

// imageLabels are those of the snapshot's images beside the snapshot's own.
func (p *pipeline) imageLabels(bases map[string]string) map[string]string {
	labels := maps.Clone(p.labels)
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
