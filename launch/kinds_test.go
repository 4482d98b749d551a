package launch

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/engine/enginetest"
	"github.com/docker-bmo/docker-bmo/stack"
)

// U7: a command is one short line, whatever its words are.
func TestU7Line(t *testing.T) {
	assert.Equal(t, Line([]string{"sh", "-c", "a\n  b\tc\r\n"}), "sh -c a b c")
	long := Line([]string{strings.Repeat("ä", 200)})
	assert.Equal(t, long, strings.Repeat("ä", maxLine-1)+"…")
}

// U3: one that nobody waits for may end with 0.
func TestU3MayEnd(t *testing.T) {
	for _, c := range []struct {
		ready stack.Ready
		want  bool
	}{
		{stack.Ready{}, true},
		{stack.Ready{Image: true}, true},
		{stack.Ready{TCP: &stack.TCP{}}, false},
		{stack.Ready{HTTP: &stack.HTTP{}}, false},
		{stack.Ready{MySQL: &stack.MySQL{}}, false},
		{stack.Ready{Exec: &stack.Exec{}}, false},
		{stack.Ready{Image: true, Ports: []int{80}}, false},
	} {
		assert.Equal(t, MayEnd(stack.Service{Ready: c.ready}), c.want, "%+v", c.ready)
	}
}

// U3: a service that others depend on as started, and which has ended with 0.
func TestU3OthersStartAfterOneThatIsDone(t *testing.T) {
	g, f := newGroup(t, programs{"init": enginetest.Exit(0, "done"), "web": enginetest.Listening(80)})
	order := starts(f)
	assert.NilError(t, g.Up(t.Context(), []stack.Service{{Name: "init"}, tcp("web", 80, "init")}, nil))
	assert.DeepEqual(t, order(), []string{"init", "web"})
}

// U3: a service that was ready and ends before the others are.
func TestU3EndsBeforeTheOthersAreReady(t *testing.T) {
	g, f := newGroup(t, programs{"db": enginetest.Listening(3306), "web": enginetest.Serve()})
	f.Before("POST", "/containers/[^/]+/start", func(r *http.Request) {
		if c, _ := f.Container(strings.Split(r.URL.Path, "/")[2]); c.Name == "web" {
			assert.Check(t, g.Engine.Signal(t.Context(), "db", "TERM"))
		}
	})
	err := g.Up(t.Context(), []stack.Service{tcp("db", 3306), tcp("web", 80, "db")}, nil)
	assert.Error(t, err, "service db: ended with exit code 0 before the others were ready")
	var exit *ExitError
	assert.Assert(t, errors.As(err, &exit))
}

func TestVolumeNames(t *testing.T) {
	st := &stack.Stack{Services: []stack.Service{
		{Name: "web", Mounts: []stack.Mount{
			{Volume: "uploads", Shared: true}, {Volume: "cache"}, {Volume: "Big.Data", Shared: true}, {Target: "/var/lib", Shared: true},
		}},
		{Name: "php", Mounts: []stack.Mount{{Volume: "uploads", Shared: true}}},
		{Name: "migrate", OneShot: true, Mounts: []stack.Mount{{Volume: "once", Shared: true}}},
	}}
	assert.DeepEqual(t, VolumeNames(Lasting(st)), []string{"big-data-0913b3bd", "uploads", "web-var-lib-bd1f06c6"})
	assert.Equal(t, len(VolumeNames(st.Services)), 4)
	assert.DeepEqual(t, ServiceNames(st), []string{"php", "web"})
	long := VolumeName(stack.Service{Name: "web"}, stack.Mount{Volume: strings.Repeat("a", 200)})
	assert.Assert(t, plainName.MatchString(long) && len(long) <= maxVolumeName, long)
	strange := VolumeName(stack.Service{Name: "web"}, stack.Mount{Volume: "___"})
	assert.Assert(t, plainName.MatchString(strange), strange)
}

func TestFileFolder(t *testing.T) {
	file := stack.File{Target: "/run/secrets/key"}
	for _, c := range []struct {
		name    string
		service stack.Service
		dir     string
		own     bool
	}{
		{"plain", stack.Service{}, "/", false},
		{"read-only", stack.Service{Settings: stack.Settings{ReadOnly: true}}, "/run/secrets", true},
		{"tmpfs", stack.Service{Tmpfs: []string{"/run"}}, "/run/secrets", true},
		{"tmpfs of another name", stack.Service{Tmpfs: []string{"/ru"}}, "/", false},
		{"shared volume", stack.Service{Mounts: []stack.Mount{{Target: "/run", Shared: true}}}, "/run", false},
		{"shared volume to read", stack.Service{Mounts: []stack.Mount{{Target: "/run", Shared: true, ReadOnly: true}}}, "/", false},
		{"volume that is a folder", stack.Service{Mounts: []stack.Mount{{Target: "/run", Volume: "x"}}}, "/", false},
	} {
		dir, own := fileFolder(c.service, file)
		assert.Equal(t, dir, c.dir, c.name)
		assert.Equal(t, own, c.own, c.name)
	}
}
