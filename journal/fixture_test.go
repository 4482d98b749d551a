package journal

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"gotest.tools/v3/assert"
	"gotest.tools/v3/poll"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/engine/enginetest"
	"github.com/docker-bmo/docker-bmo/internal/label"
)

// fixture is a fake engine and an archive.
type fixture struct {
	*enginetest.Fake
	t       *testing.T
	e       *engine.Engine
	archive *Archive
	keeper  *Keeper
	image   string
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{Fake: enginetest.New(t), t: t, archive: OpenArchive(t.TempDir())}
	f.e = f.Engine(t)
	f.keeper = f.another()
	f.image = f.AddImage(enginetest.Image{Tags: []string{"app"}})
	return f
}

// another is the keeper of another process.
func (f *fixture) another() *Keeper {
	f.e = f.Engine(f.t)
	k := NewKeeper(f.e, f.archive, func(err error) { f.t.Helper(); assert.Check(f.t, err) })
	k.At("fake")
	return k
}

var id1 = "20260304T120000.000Z-00000001"

// header is that of an instance's record.
func header(id string) Header {
	return Header{ID: id, Kind: label.RoleInstance, Name: "shop", Key: strings.Repeat("a", 64), Stack: "shop"}
}

// container creates a container of the record that runs program.
func (f *fixture) container(id, service string, program enginetest.Program) string {
	f.t.Helper()
	f.SetPrograms(func(enginetest.Spec) enginetest.Program { return program })
	c, err := f.e.CreateContainer(f.t.Context(), engine.ContainerSpec{
		Name: "docker-bmo-shop-" + service, Image: "app",
		Labels: map[string]string{label.Record: id, label.Service: service, label.Instance: "shop", label.Role: label.RoleInstance},
	})
	assert.NilError(f.t, err)
	return c
}

func (f *fixture) start(c string) *engine.Process {
	f.t.Helper()
	p, err := f.e.Start(f.t.Context(), c, nil, nil)
	assert.NilError(f.t, err)
	return p
}

// entries reads a record, with what the engine knows in addition if ask is set.
func (f *fixture) entries(id string, ask bool) []Entry {
	f.t.Helper()
	i, err := f.archive.Find(id)
	assert.NilError(f.t, err)
	e := f.e
	if !ask {
		e = nil
	}
	v, err := f.archive.Open(f.t.Context(), e, i, all)
	assert.NilError(f.t, err)
	defer v.Close()
	var out []Entry
	assert.NilError(f.t, v.Read(func(e Entry) error { out = append(out, e); return nil }))
	return out
}

// brief is an entry as a word or two.
func brief(e Entry) string {
	switch e.Kind {
	case KindLine:
		return e.Service + "| " + e.Text
	case KindEvent:
		text := e.Action
		for _, k := range []string{"signal", "exitCode"} {
			if v := e.Attributes[k]; v != "" {
				text += " " + v
			}
		}
		return text
	case KindGap:
		return "gap"
	default:
		return strings.TrimSpace(fmt.Sprint(e.Kind, " ", e.Action))
	}
}

func briefs(list []Entry) (out []string) {
	for _, e := range list {
		out = append(out, brief(e))
	}
	return out
}

// until waits for a condition.
func until(t *testing.T, ok func() bool) {
	t.Helper()
	poll.WaitOn(t, func(poll.LogT) poll.Result {
		if ok() {
			return poll.Success()
		}
		return poll.Continue("not yet")
	}, poll.WithDelay(time.Millisecond), poll.WithTimeout(10*time.Second))
}
