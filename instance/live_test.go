package instance

import (
	"strings"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/stack"
)

// mounting makes the web service mount files of the project, with volumes below and elsewhere.
func (f *fixture) mounting() {
	f.req.Stack.Dir = "/srv/project"
	f.req.Stack.Services[1].Mounts = []stack.Mount{
		{Target: "/app", Source: "src"},
		{Target: "/app/node_modules"},
		{Target: "/etc/app.conf", Source: "/srv/project/conf/app.conf", ReadOnly: true},
		{Target: "/data", Volume: "data"},
	}
}

func TestLiveMountsTheProjectsFiles(t *testing.T) {
	for _, live := range []bool{false, true} {
		f := newFixture(t)
		f.mounting()
		f.req.Live, f.req.Prefix = live, "demo-tree"
		i := f.start(t)
		web, _ := f.Container(i.Services["web"])
		var mounts []string
		for _, m := range web.Host.Mounts {
			mode := ""
			if m.ReadOnly {
				mode = " ro"
			}
			mounts = append(mounts, string(m.Type)+" "+m.Source+" "+m.Target+mode)
			assert.Equal(t, m.Type == "bind", m.Source != "")
		}
		if !live {
			assert.Equal(t, len(mounts), 0)
			continue
		}
		assert.DeepEqual(t, mounts, []string{
			"bind /srv/project/src /app", "bind /srv/project/conf/app.conf /etc/app.conf ro", "volume  /app/node_modules",
		})
		assert.Assert(t, strings.HasPrefix(i.Name, "demo-tree-"), i.Name)
		assert.NilError(t, Remove(t.Context(), f.req.Engine, i, 0))
		f.leavesNothing(t)
	}
}

func TestLiveRefused(t *testing.T) {
	for _, test := range []struct {
		name, text, hint string
		change           func(*fixture)
	}{
		{
			"an engine elsewhere", "the project's files cannot be mounted: the engine is on another machine", "leave --live out",
			func(f *fixture) { f.req.Engine.At("ssh://far") },
		},
		{
			"nothing to mount", "stack demo mounts no files of the project", "--live is for bind mounts",
			func(f *fixture) { f.req.Stack.Services[1].Mounts = nil },
		},
		{
			"a built-in stack", "stack demo mounts no files of the project", "--live is for bind mounts",
			func(f *fixture) { f.req.Stack.Dir = "" },
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := newFixture(t)
			f.mounting()
			f.req.Live = true
			test.change(f)
			_, err := Start(t.Context(), f.req)
			assert.Error(t, err, test.text)
			assert.Assert(t, strings.HasPrefix(hint.All(err)[0], test.hint), "%q", hint.All(err))
			f.leavesNothing(t)
		})
	}
}
