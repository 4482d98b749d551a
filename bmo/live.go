package bmo

import (
	"context"
	"strings"

	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/internal/version"
	"github.com/docker-bmo/docker-bmo/snapshot"
	"github.com/docker-bmo/docker-bmo/stack"
)

// livePrefix returns what the names of instances begin with that have the project's files mounted. Several Git worktrees of
// a project have different files, and so their instances show which is which.
func livePrefix(st *stack.Stack) string {
	if tree := st.Worktree(); tree != "" && tree != st.Name {
		return st.Name + "-" + tree
	}
	return st.Name
}

// ensureLive is ensure for instances that have the project's files mounted: a snapshot serves, too, that has other copies of
// those, and differs in nothing else.
func (p *pipeline) ensureLive(ctx context.Context) (*snapshot.Snapshot, error) {
	s, err := p.find(ctx)
	if err != nil {
		return nil, err
	}
	if s == nil && !p.options.NoCache && !p.options.Pull {
		if s, err = p.findLive(ctx); err != nil {
			return nil, err
		}
		if s != nil {
			return s, nil
		}
	}
	return p.ensure(ctx)
}

func (p *pipeline) findLive(ctx context.Context) (*snapshot.Snapshot, error) {
	all, err := snapshot.List(ctx, p.engine, label.Stack+"="+p.stack.Name)
	if err != nil {
		return nil, err
	}
	for _, s := range all {
		if s.Complete() && s.Parent == "" && s.Version == version.Version && p.differsOnlyLive(s) {
			return &s, nil
		}
	}
	return nil, nil
}

// differsOnlyLive reports whether all that a snapshot was made of is as it is now, but for the content of bind mounts.
func (p *pipeline) differsOnlyLive(s snapshot.Snapshot) bool {
	had, now := s.SharedLabels(), p.parts()
	for name, dgst := range p.inputs.Contexts {
		now[label.Context+name] = dgst
	}
	for name, dgst := range now {
		if had[name] == "" || had[name] != dgst && !strings.HasPrefix(name, label.Context+"mount/") {
			return false
		}
	}
	for name := range had {
		if _, is := now[name]; !is && (strings.HasPrefix(name, label.Context) || strings.HasPrefix(name, label.Config)) {
			return false
		}
	}
	return true
}
