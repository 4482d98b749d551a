package launch

import (
	"bytes"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/stack"
)

// TestR13KeptFilesHaveALimit: how large an application has made a config, or what it has in place of it, is read no further.
func TestR13KeptFilesHaveALimit(t *testing.T) {
	before := maxKept
	maxKept = 1 << 20
	t.Cleanup(func() { maxKept = before })
	g, _ := newGroup(t, nil)
	conf := stack.File{Name: "conf", Target: "/etc/app.conf", Source: stack.Content{Inline: "c"}}
	s := stack.Service{Name: "web", Files: []stack.File{conf}}
	g.Content = func(stack.Content) ([]byte, error) { return []byte("c"), nil }
	id, err := g.Create(t.Context(), s)
	assert.NilError(t, err)
	write := func(name string, size int) {
		files := []engine.File{{Path: name, Content: bytes.Repeat([]byte("x"), size)}}
		assert.NilError(t, g.Engine.WriteFiles(t.Context(), id, "/", files))
	}
	write("/etc/app.conf", 1<<20)
	kept, err := g.KeepFiles(t.Context(), s)
	assert.NilError(t, err)
	assert.Equal(t, len(kept), 1)

	write("/etc/app.conf", 2<<20)
	_, err = g.KeepFiles(t.Context(), s)
	assert.Error(t, err, "service web: config conf: /etc/app.conf is larger than 1 MiB")
	assert.Equal(t, len(hint.All(err)), 1)

	s.Files[0].Target = "/etc/app.d"
	write("/etc/app.d/a", 1<<20)
	write("/etc/app.d/b", 1<<20)
	_, err = g.KeepFiles(t.Context(), s)
	assert.Error(t, err, "service web: config conf: /etc/app.d is larger than 1 MiB")

	s.Files[0].Target = "/etc/none"
	kept, err = g.KeepFiles(t.Context(), s)
	assert.NilError(t, err)
	assert.Equal(t, len(kept), 0)
}
