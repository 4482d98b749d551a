package launch

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/stack"
)

// ServiceNames returns the names of the services that a snapshot is made of, sorted: all but those that run to their
// end in the bootstrap.
func ServiceNames(st *stack.Stack) []string {
	var names []string
	for _, s := range Lasting(st) {
		names = append(names, s.Name)
	}
	slices.Sort(names)
	return names
}

// Lasting returns the services that instances have, in start order.
func Lasting(st *stack.Stack) []stack.Service {
	return slices.DeleteFunc(slices.Clone(st.Services), func(s stack.Service) bool { return s.OneShot })
}

// VolumeNames returns the names of the engine's volumes that services have, sorted.
func VolumeNames(services []stack.Service) []string {
	names := map[string]bool{}
	for _, s := range services {
		for _, m := range s.Mounts {
			if m.Shared {
				names[VolumeName(s, m)] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// plainName matches what the names of images, volumes and labels all allow.
var plainName = regexp.MustCompile(`^[a-z0-9]+(?:[-_][a-z0-9]+)*$`)

// maxVolumeName leaves room for the names of stack and instance in the same image or volume name.
const maxVolumeName = 63

// VolumeName returns the name under which the engine's volume of a mount is known: that of the stack, or one made of the
// service and the path. What images cannot be called has a digest instead of the characters that they do not allow.
func VolumeName(s stack.Service, m stack.Mount) string {
	name := m.Volume
	if name == "" {
		name = s.Name + m.Target
	}
	if plainName.MatchString(name) && len(name) <= maxVolumeName {
		return name
	}
	sum := sha256.Sum256([]byte(name))
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') })
	base := strings.Join(words, "-")
	return strings.Trim(base[:min(len(base), maxVolumeName-9)]+"-"+hex.EncodeToString(sum[:4]), "-")
}

// Remade returns the labels of a volume that the engine makes in place of one that somebody has removed: those of the group's
// volumes, so that it goes with them, and one that says so.
func Remade(labels map[string]string) map[string]string {
	labels = maps.Clone(labels)
	labels[label.Remade] = "true"
	return labels
}

// LostVolume returns an engine.RemovedError if somebody has removed one of the volumes, of which names are the stack's, between
// its making and that of a container that wanted it: the engine has made an empty one in its place.
func (g *Group) LostVolume(ctx context.Context, names []string) error {
	if len(names) == 0 {
		return nil
	}
	remade, err := g.Engine.Volumes(ctx, label.Remade)
	if err != nil {
		return err
	}
	for _, name := range names {
		if slices.ContainsFunc(remade, func(v engine.Volume) bool { return v.Name == g.Volume(name) }) {
			return &engine.RemovedError{Err: fmt.Errorf("volume %s is empty: the one with its content is gone", name)}
		}
	}
	return nil
}

// mounts returns the engine's volumes of a service, and those that its files need.
func (g *Group) mounts(s stack.Service) []engine.Mount {
	var out []engine.Mount
	for _, m := range s.Mounts {
		if m.Shared {
			out = append(out, engine.Mount{
				Volume: g.Volume(VolumeName(s, m)), Target: m.Target, ReadOnly: m.ReadOnly, NoCopy: m.NoCopy || g.Filled,
				Subpath: m.Subpath, Labels: Remade(g.Labels("")),
			})
		}
	}
	for _, dir := range ownFolders(s) {
		out = append(out, engine.Mount{Target: dir})
	}
	return append(out, g.liveMounts(s)...)
}

// liveMounts returns what is mounted from the engine's machine, and the volumes below that, which would be hidden: each is
// one of the container's own, with what the image has there.
func (g *Group) liveMounts(s stack.Service) (out []engine.Mount) {
	if g.Live == nil {
		return nil
	}
	var live []string
	for _, m := range s.Mounts {
		if at, ok := g.Live(m); ok {
			out = append(out, engine.Mount{Path: at, Target: m.Target, ReadOnly: m.ReadOnly})
			live = append(live, m.Target)
		}
	}
	for _, m := range s.Mounts {
		hidden := slices.ContainsFunc(live, func(dir string) bool { return below(m.Target, dir) })
		if m.Source == "" && !m.Shared && hidden {
			out = append(out, engine.Mount{Target: m.Target, ReadOnly: m.ReadOnly})
		}
	}
	return out
}

// shares reports whether the service has volumes of the engine.
func shares(s stack.Service) bool {
	return slices.ContainsFunc(s.Mounts, func(m stack.Mount) bool { return m.Shared })
}

// Keeps reports whether a service holds data: a database, or what can write to a volume.
func Keeps(s stack.Service) bool {
	return s.Ready.MySQL != nil || slices.ContainsFunc(s.Mounts, func(m stack.Mount) bool { return holdsData(s, m) })
}

// holdsData reports whether a mount is a volume that a service can write data to. One without a name in or next to files of
// the project, such as /app/node_modules, is there for what the image has in it.
func holdsData(s stack.Service, m stack.Mount) bool {
	if m.Source != "" || m.ReadOnly {
		return false
	}
	return m.Volume != "" || !slices.ContainsFunc(s.Mounts, func(f stack.Mount) bool {
		dir := path.Dir(f.Target)
		return f.Source != "" && (below(m.Target, f.Target) || dir != "/" && below(m.Target, dir))
	})
}

// KeepsShared reports whether a service can write to a volume of the engine, which is kept even if the service's
// filesystem is not.
func KeepsShared(s stack.Service) bool {
	return slices.ContainsFunc(s.Mounts, func(m stack.Mount) bool { return m.Shared && !m.ReadOnly })
}

// Addresses returns how many containers may be on the network of a stack's services at a time: besides theirs those of
// steps, and some that users connect.
func Addresses(st *stack.Stack) int { return 2*len(st.Services) + 3 }
