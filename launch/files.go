package launch

import (
	"context"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/stack"
)

// root is where files are written that are part of the container's own filesystem.
const root = "/"

// fileFolder returns the folder below which a secret or config is written, and whether the container needs a volume of
// its own there: if its filesystem is read-only, or if a tmpfs would cover the file.
func fileFolder(s stack.Service, f stack.File) (dir string, own bool) {
	for _, m := range s.Mounts {
		if m.Shared && !m.ReadOnly && below(f.Target, m.Target) && len(m.Target) > len(dir) {
			dir = m.Target
		}
	}
	if dir != "" {
		return dir, false
	}
	covered := slices.ContainsFunc(s.Tmpfs, func(t string) bool {
		at, _, _ := strings.Cut(t, ":")
		return below(f.Target, at)
	})
	if s.Settings.ReadOnly || covered {
		return path.Dir(path.Clean(f.Target)), true
	}
	return root, false
}

// below reports whether a path is in a folder.
func below(name, dir string) bool {
	return strings.HasPrefix(path.Clean(name), strings.TrimSuffix(path.Clean(dir), "/")+"/")
}

// ownFolders returns the folders at which a container has volumes of its own for secrets and configs, sorted.
func ownFolders(s stack.Service) []string {
	dirs := map[string]bool{}
	for _, f := range s.Files {
		if dir, own := fileFolder(s, f); own {
			dirs[dir] = true
		}
	}
	return slices.Sorted(maps.Keys(dirs))
}

// writeFiles puts the secrets and configs into a service's container, which has been created and not started.
func (g *Group) writeFiles(ctx context.Context, id string, s stack.Service) error {
	files := map[string][]engine.File{}
	for _, f := range s.Files {
		content, err := g.Content(f.Source)
		if err != nil {
			return fmt.Errorf("service %s: %s %s: %w", s.Name, kind(f), f.Name, err)
		}
		dir, _ := fileFolder(s, f)
		files[dir] = append(files[dir], file(f, content))
	}
	return g.write(ctx, id, files)
}

// BlankFiles replaces the secrets and configs in a service's container, which has ended, by empty files: what is
// committed must not contain them. Those in volumes of the container's own are removed with it.
func (g *Group) BlankFiles(ctx context.Context, s stack.Service) error {
	files := map[string][]engine.File{}
	for _, f := range s.Files {
		if dir, own := fileFolder(s, f); !own {
			files[dir] = append(files[dir], file(f, nil))
		}
	}
	return g.write(ctx, g.ID(s.Name), files)
}

func (g *Group) write(ctx context.Context, id string, files map[string][]engine.File) error {
	for _, dir := range slices.Sorted(maps.Keys(files)) {
		if err := g.Engine.WriteFiles(ctx, id, dir, files[dir]); err != nil {
			return err
		}
	}
	return nil
}

func file(f stack.File, content []byte) engine.File {
	return engine.File{Path: f.Target, Content: content, Mode: f.Mode, UID: f.UID, GID: f.GID}
}

func kind(f stack.File) string {
	if f.Secret {
		return "secret"
	}
	return "config"
}
