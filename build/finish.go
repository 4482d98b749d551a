package build

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/containerd/platforms"
	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/exporter/containerimage/exptypes"
	gateway "github.com/moby/buildkit/frontend/gateway/client"

	"github.com/docker-bmo/docker-bmo/contexts"
	"github.com/docker-bmo/docker-bmo/stack"
)

// A place is a path of a container where Compose would mount something.
type place struct {
	target string
	tree   string // what is copied there; "": it is a volume
	file   bool   // the tree is a single file
	empty  bool   // a volume that takes nothing from the image
	shared bool   // a volume of the engine, which begins with what the first image that has the path has there
}

// hides reports whether what the image has below the place cannot be seen.
func (p place) hides() bool { return p.tree != "" || p.empty && !p.shared }

// places returns those of a service and the volumes that its image declares, what contains others first.
func (r Request) places(s stack.Service, declared []string) []place {
	at := map[string]place{}
	for _, v := range declared {
		at[path.Clean("/"+v)] = place{}
	}
	for i, m := range s.Mounts {
		p := place{empty: m.NoCopy, shared: m.Shared}
		if m.Source != "" {
			p = place{tree: contexts.MountTree(s.Name, i)}
			p.file = r.Contexts.Files[p.tree]
		}
		at[path.Clean("/"+m.Target)] = p
	}
	delete(at, "/")
	var list []place
	for _, target := range slices.Sorted(maps.Keys(at)) {
		p := at[target]
		p.target = target
		list = append(list, p)
	}
	return list
}

// finish gives the result of a build the content that Compose's mounts would have: what a snapshot is to contain, and a
// container without mounts is to find. It changes nothing where the image has all of it.
func (r Request) finish(ctx context.Context, gw gateway.Client, res *gateway.Result, s stack.Service) error {
	var img struct {
		Config struct {
			User    string
			Volumes map[string]struct{}
		} `json:"config"`
	}
	if err := json.Unmarshal(res.Metadata[exptypes.ExporterImageConfigKey], &img); err != nil {
		return fmt.Errorf("image configuration: %w", err)
	}
	places := r.places(s, slices.Collect(maps.Keys(img.Config.Volumes)))
	if len(places) == 0 {
		return nil
	}
	ref, err := res.SingleRef()
	if err != nil {
		return err
	}
	f := finisher{gw: gw, ref: ref, service: s.Name, image: llb.Scratch(), owner: cmp.Or(s.User, img.Config.User)}
	if ref != nil {
		if err := ref.Evaluate(ctx); err != nil { // what fails here is the Dockerfile
			return err
		}
		if f.image, err = ref.ToState(); err != nil {
			return err
		}
	}
	f.state = f.image
	for i, p := range places {
		f.make(ctx, p, slices.ContainsFunc(places[:i], func(above place) bool {
			return above.hides() && strings.HasPrefix(p.target, above.target+"/")
		}))
	}
	if !f.changed {
		return nil
	}
	platform, err := platforms.Parse(r.Platform)
	if err != nil {
		return err
	}
	def, err := f.state.Marshal(ctx, llb.Platform(platform), llb.WithCaps(gw.BuildOpts().LLBCaps))
	if err != nil {
		return err
	}
	solved, err := gw.Solve(ctx, gateway.SolveRequest{Definition: def.ToPB()})
	if err != nil {
		return err
	}
	made, err := solved.SingleRef()
	if err != nil {
		return err
	}
	res.SetRef(made)
	return nil
}

// finisher makes the places of one image, one operation each.
type finisher struct {
	gw      gateway.Client
	ref     gateway.Reference // nil for an image without any file
	service string
	owner   string // of what is copied
	image   llb.State
	state   llb.State
	changed bool
}

// make makes a place. hidden reports that what the image has there cannot be seen any more.
func (f *finisher) make(ctx context.Context, p place, hidden bool) {
	switch {
	case p.tree != "":
		f.copy(p)
	case p.shared && (p.empty || !hidden || !f.has(ctx, p.target)): // a folder made here would give the volume its owner
	case p.empty:
		f.do("empty "+p.target, replaced(p).Mkdir(p.target, 0o755))
	case hidden && f.has(ctx, p.target):
		f.do("keep "+p.target, replaced(p).Copy(f.image, p.target, p.target))
	case hidden:
		f.do("make "+p.target, replaced(p).Mkdir(p.target, 0o755))
	case !f.has(ctx, p.target):
		f.do("make "+p.target, llb.Mkdir(p.target, 0o755, llb.WithParents(true)))
	}
}

// copy puts a tree in place of what the image has. It belongs to the user of the container, who can write to a bind
// mount of the project, too.
func (f *finisher) copy(p place) {
	from := llb.Local(p.tree, llb.SessionID(f.gw.BuildOpts().SessionID), llb.SharedKeyHint(p.tree),
		llb.WithCustomNamef("[%s] load what is mounted at %s", f.service, p.target))
	var mkdir []llb.MkdirOption
	copied := []llb.CopyOption{&llb.CopyInfo{CopyDirContentsOnly: true}}
	if f.owner != "" {
		owner := llb.WithUser(f.owner)
		mkdir, copied = append(mkdir, owner), append(copied, owner)
	}
	if p.file {
		f.do("copy a file to "+p.target, replaced(p).Copy(from, "/"+contexts.MountFile, p.target, copied...))
		return
	}
	f.do("copy a folder to "+p.target, replaced(p).Mkdir(p.target, 0o755, mkdir...).Copy(from, "/", p.target, copied...))
}

// replaced begins an operation that makes a place anew: what is there goes, and the folder that contains it is there.
func replaced(p place) *llb.FileAction {
	action := llb.Rm(p.target, llb.WithAllowNotFound(true))
	if parent := path.Dir(p.target); parent != "/" {
		action = action.Mkdir(parent, 0o755, llb.WithParents(true))
	}
	return action
}

func (f *finisher) do(what string, action *llb.FileAction) {
	f.changed = true
	f.state = f.state.File(action, llb.WithCustomNamef("[%s] %s", f.service, what))
}

// has reports whether the image has something at a path.
func (f *finisher) has(ctx context.Context, target string) bool {
	if f.ref == nil {
		return false
	}
	_, err := f.ref.StatFile(ctx, gateway.StatRequest{Path: target})
	return err == nil
}
