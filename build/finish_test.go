package build

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/exporter/containerimage/exptypes"
	gateway "github.com/moby/buildkit/frontend/gateway/client"
	"github.com/moby/buildkit/solver/pb"
	fstypes "github.com/tonistiigi/fsutil/types"
	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/contexts"
	"github.com/docker-bmo/docker-bmo/stack"
)

// image is the result of a build that has some paths.
type image struct {
	gateway.Reference
	paths []string
	fails error
}

func (i image) Evaluate(context.Context) error { return i.fails }
func (i image) ToState() (llb.State, error)    { return llb.Image("built"), nil }
func (i image) StatFile(_ context.Context, r gateway.StatRequest) (*fstypes.Stat, error) {
	if slices.Contains(i.paths, r.Path) {
		return &fstypes.Stat{}, nil
	}
	return nil, errors.New("no such file or directory")
}

// solver keeps the operations on files that it is asked for.
type solver struct {
	gateway.Client
	done []string
}

func (*solver) BuildOpts() gateway.BuildOpts { return gateway.BuildOpts{SessionID: "session"} }

func (s *solver) Solve(_ context.Context, r gateway.SolveRequest) (*gateway.Result, error) {
	for _, b := range r.Definition.Def {
		var op pb.Op
		if err := op.Unmarshal(b); err != nil {
			return nil, err
		}
		if src := op.GetSource(); src != nil && src.Identifier != "docker-image://docker.io/library/built:latest" {
			s.done = append(s.done, "load "+src.Identifier)
		}
		if file := op.GetFile(); file != nil {
			for _, a := range file.Actions {
				s.done = append(s.done, show(a))
			}
		}
	}
	res := gateway.NewResult()
	res.SetRef(image{})
	return res, nil
}

// show says what an operation does, and for whom.
func show(a *pb.FileAction) string {
	var text string
	var owner *pb.ChownOpt
	switch {
	case a.GetRm() != nil:
		text = "rm " + a.GetRm().Path
	case a.GetMkdir() != nil:
		text, owner = "mkdir "+a.GetMkdir().Path, a.GetMkdir().Owner
	case a.GetCopy() != nil:
		text, owner = "copy "+a.GetCopy().Src+" to "+a.GetCopy().Dest, a.GetCopy().Owner
	}
	if owner != nil {
		text += fmt.Sprintf(" as %d", owner.User.GetByID())
	}
	return text
}

// finished returns what is done to the image of a service for its mounts and the image's volumes.
func finished(t *testing.T, s stack.Service, config string, has ...string) []string {
	t.Helper()
	dir := t.TempDir()
	assert.NilError(t, os.MkdirAll(filepath.Join(dir, "src"), 0o755))
	assert.NilError(t, os.WriteFile(filepath.Join(dir, "one"), nil, 0o644))
	s.Name, s.Image = "web", "debian"
	st := &stack.Stack{Name: "app", Dir: dir, Services: []stack.Service{s}}
	res, err := contexts.Load(t.Context(), st, contexts.Options{})
	assert.NilError(t, err)
	built := gateway.NewResult()
	built.SetRef(image{paths: has})
	built.AddMeta(exptypes.ExporterImageConfigKey, []byte(`{"config":`+config+`}`))
	gw := &solver{}
	r := Request{Stack: st, Contexts: res, Platform: "linux/amd64"}
	assert.NilError(t, r.finish(t.Context(), gw, built, s))
	slices.SortStableFunc(gw.done, func(a, b string) int { // sources may come in any order
		return map[bool]int{true: -1}[a[:4] == "load" && b[:4] != "load"] + map[bool]int{true: 1}[a[:4] != "load" && b[:4] == "load"]
	})
	return gw.done
}

func TestImageIsFinished(t *testing.T) {
	for _, test := range []struct {
		name   string
		mounts []stack.Mount
		user   string
		config string
		has    []string
		want   []string
	}{
		{name: "nothing to mount", config: `{}`},
		{name: "a volume that the image has", config: `{"Volumes":{"/data":{}}}`, has: []string{"/data"}},
		{name: "a volume that it lacks", config: `{"Volumes":{"/data/":{}}}`, want: []string{"mkdir /data"}},
		{name: "named and declared", mounts: []stack.Mount{{Target: "/data", Volume: "d"}}, config: `{"Volumes":{"/data":{}}}`, want: []string{"mkdir /data"}},
		{name: "a shared volume that it lacks", mounts: []stack.Mount{{Target: "/up", Volume: "u", Shared: true}}, config: `{"Volumes":{"/up":{}}}`},
		{
			name:   "a shared volume below a folder",
			mounts: []stack.Mount{{Target: "/app/up", Volume: "u", Shared: true}, {Target: "/app", Source: "src"}},
			config: `{}`, has: []string{"/app", "/app/up"},
			want: []string{
				"load local://mount/web/1", "rm /app", "mkdir /app", "copy / to /app", "rm /app/up", "mkdir /app", "copy /app/up to /app/up",
			},
		},
		{
			name: "an empty volume", mounts: []stack.Mount{{Target: "/a/data", NoCopy: true}}, config: `{}`, has: []string{"/a/data"},
			want: []string{"rm /a/data", "mkdir /a", "mkdir /a/data"},
		},
		{
			name: "a folder", mounts: []stack.Mount{{Target: "/app", Source: "src"}}, config: `{}`, has: []string{"/app"},
			want: []string{"load local://mount/web/0", "rm /app", "mkdir /app", "copy / to /app"},
		},
		{
			name: "a file, for the image's user", mounts: []stack.Mount{{Target: "/etc/one", Source: "one"}}, config: `{"User":"7"}`,
			want: []string{"load local://mount/web/0", "rm /etc/one", "mkdir /etc", "copy /file to /etc/one as 7"},
		},
		{
			name: "the service's user goes first", mounts: []stack.Mount{{Target: "/app", Source: "src"}}, user: "8", config: `{"User":"7"}`,
			want: []string{"load local://mount/web/0", "rm /app", "mkdir /app as 8", "copy / to /app as 8"},
		},
		{
			name:   "volumes below a folder",
			mounts: []stack.Mount{{Target: "/app/modules"}, {Target: "/app/none"}, {Target: "/app", Source: "src"}, {Target: "/apple"}},
			config: `{}`, has: []string{"/app", "/app/modules"},
			want: []string{
				"load local://mount/web/2", "rm /app", "mkdir /app", "copy / to /app",
				"rm /app/modules", "mkdir /app", "copy /app/modules to /app/modules", "rm /app/none", "mkdir /app", "mkdir /app/none", "mkdir /apple",
			},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := finished(t, stack.Service{Mounts: test.mounts, User: test.user}, test.config, test.has...)
			assert.DeepEqual(t, got, test.want)
		})
	}
}

// TestFinishOfWhatCannotBeBuilt: the error is the Dockerfile's.
func TestFinishOfWhatCannotBeBuilt(t *testing.T) {
	res, want := gateway.NewResult(), errors.New("exit code: 1")
	res.SetRef(image{fails: want})
	res.AddMeta(exptypes.ExporterImageConfigKey, []byte(`{"config":{"Volumes":{"/data":{}}}}`))
	err := Request{}.finish(t.Context(), &solver{}, res, stack.Service{Name: "web"})
	assert.ErrorIs(t, err, want)
}

// TestOtherMountsAreAnotherImage: services with one build and one content share it.
func TestOtherMountsAreAnotherImage(t *testing.T) {
	service := func(name string, m ...stack.Mount) stack.Service {
		return stack.Service{Name: name, Mounts: m, Build: &stack.Build{DockerfileInline: "FROM scratch"}}
	}
	here := stack.Mount{Target: "/app", Source: "."}
	r := built(t, service("a"), service("b", here), service("c", here), service("d", stack.Mount{Target: "/app", Volume: "v"}))
	assert.DeepEqual(t, groups(r), []string{"a", "b+c", "d"})
}
