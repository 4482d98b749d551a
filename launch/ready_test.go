package launch

import (
	"fmt"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/engine/enginetest"
	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/progress"
	"github.com/docker-bmo/docker-bmo/stack"
)

// await starts a service that listens on nothing, and awaits it.
func await(t *testing.T, g *Group, r stack.Ready) error {
	t.Helper()
	return g.Up(t.Context(), []stack.Service{{Name: "web", Ready: r}}, nil)
}

func TestReadyByExec(t *testing.T) {
	for _, c := range []struct {
		name  string
		exec  stack.Exec
		shell []string
		want  []string // what is run
	}{
		{name: "words", exec: stack.Exec{Command: []string{"check", "it"}}, want: []string{"check", "it"}},
		{name: "line", exec: stack.Exec{Command: []string{"check && it"}, Shell: true}, want: []string{"/bin/sh", "-c", "check && it"}},
		{
			name: "line for the image's shell", exec: stack.Exec{Command: []string{"check"}, Shell: true},
			shell: []string{"/bin/ash", "-ec"}, want: []string{"/bin/ash", "-ec", "check"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			g, f := newGroup(t, programs{"web": enginetest.Serve()})
			f.AddImage(enginetest.Image{Tags: []string{"app:1"}, Shell: c.shell})
			var tries atomic.Int32
			f.SetCommand(func(e *enginetest.Exec) int {
				assert.Check(t, strings.Join(e.Options.Cmd, "|") == strings.Join(c.want, "|"), "%q", e.Options.Cmd)
				return 3 - int(tries.Add(1))
			})
			assert.NilError(t, await(t, g, stack.Ready{Exec: &c.exec}))
			assert.Equal(t, tries.Load(), int32(3))
		})
	}
}

// TestExecSaysWhyNot: the reason is the last line of what the command prints.
func TestExecSaysWhyNot(t *testing.T) {
	g, f := newGroup(t, programs{"web": enginetest.Serve()})
	f.SetCommand(func(e *enginetest.Exec) int {
		fmt.Fprint(e.Stdout, "connecting\n")
		fmt.Fprint(e.Stderr, "no response\r\n\n")
		return 2
	})
	err := await(t, g, stack.Ready{Exec: &stack.Exec{Command: []string{"pg_isready", "-q"}}, Timeout: 2 * time.Second})
	assert.ErrorContains(t, err, "`pg_isready -q`: ended with 2: no response")
}

// TestExecOfAProgramThatIsNotThere: waiting does not help.
func TestExecOfAProgramThatIsNotThere(t *testing.T) {
	g, f := newGroup(t, programs{"web": enginetest.Serve()})
	f.AddImage(enginetest.Image{Tags: []string{"app:1"}, Bare: true})
	f.SetCommand(func(*enginetest.Exec) int { return 0 })
	err := await(t, g, stack.Ready{Exec: &stack.Exec{Command: []string{"curl", "-f", "http://localhost/"}}})
	assert.Error(t, err, "service web: its image has no curl")
}

// TestExecWithoutItsProgramInAShell: the shell is there, what the line names is not. That may be installed yet, so a few
// tries are made before waiting is called of no use.
func TestExecWithoutItsProgramInAShell(t *testing.T) {
	missingPatience = 20 * time.Millisecond
	t.Cleanup(func() { missingPatience = defaultMissingPatience })
	for _, c := range []struct {
		said string
		code int
		want string
	}{
		{"sh: 1: curl: not found", 127, "its image has no curl"},                              // dash
		{"sh: 1: curl: not found", 1, "its image has no curl"},                                // ... || exit 1
		{"/bin/sh: wget: not found", 1, "its image has no wget"},                              // busybox
		{"bash: line 1: nc: command not found", 1, "its image has no nc"},                     // bash
		{"/check.sh: line 3: curl: command not found", 22, "its image has no curl"},           // in a script
		{"sh: 1: /srv/check: Permission denied", 126, "sh: 1: /srv/check: Permission denied"}, // is there
		{"", 127, "ended with 127, as when a shell finds no such program"},
	} {
		g, f := newGroup(t, programs{"web": enginetest.Serve()})
		f.SetCommand(func(e *enginetest.Exec) int {
			fmt.Fprintln(e.Stderr, c.said)
			return c.code
		})
		err := await(t, g, stack.Ready{Exec: &stack.Exec{Command: []string{"check || exit 1"}, Shell: true}})
		assert.Error(t, err, "service web: `check || exit 1` cannot be run: "+c.want)
		assert.Assert(t, strings.Contains(hint.All(err)[0], "healthcheck.start_period"), "%q", hint.All(err))
	}
}

// TestExecWhoseProgramComesLater: some containers install what checks them, and that takes the time that a start may take.
func TestExecWhoseProgramComesLater(t *testing.T) {
	t.Cleanup(func() { missingPatience = defaultMissingPatience })
	for _, c := range []struct {
		patience, start time.Duration
	}{{long, 0}, {0, long}} {
		missingPatience = c.patience
		g, f := newGroup(t, programs{"web": enginetest.Serve()})
		var tries atomic.Int32
		f.SetCommand(func(e *enginetest.Exec) int {
			if tries.Add(1) < 4 {
				fmt.Fprintln(e.Stderr, "sh: 1: curl: not found")
				return 127
			}
			return 0
		})
		x := stack.Exec{Command: []string{"curl -f http://localhost/"}, Shell: true}
		s := stack.Service{Name: "web", Ready: stack.Ready{Exec: &x}, Healthcheck: &stack.Healthcheck{StartPeriod: c.start}}
		assert.NilError(t, g.Up(t.Context(), []stack.Service{s}, nil))
		assert.Equal(t, tries.Load(), int32(4))
	}
}

// TestExecThatFindsNothing: not everything that is not found is a program.
func TestExecThatFindsNothing(t *testing.T) {
	missingPatience = 0
	t.Cleanup(func() { missingPatience = defaultMissingPatience })
	for _, said := range []string{
		"curl: (22) The requested URL returned error: 404 Not Found", "ERROR: table sessions: not found", "grep: ok: not found",
		"wget: server returned error: HTTP/1.1 404 Not Found",
	} {
		g, f := newGroup(t, programs{"web": enginetest.Serve()})
		var tries atomic.Int32
		f.SetCommand(func(e *enginetest.Exec) int {
			fmt.Fprintln(e.Stderr, said)
			return 3 - int(tries.Add(1))
		})
		assert.NilError(t, await(t, g, stack.Ready{Exec: &stack.Exec{Command: []string{"check"}, Shell: true}}), said)
	}
}

// TestExecIsBoundedByItsOwnTimeout: one try may take longer than one of another probe, and not longer than it says.
func TestExecIsBoundedByItsOwnTimeout(t *testing.T) {
	g, f := newGroup(t, programs{"web": enginetest.Serve()})
	var tries atomic.Int32
	f.SetCommand(func(e *enginetest.Exec) int {
		if tries.Add(1) == 1 {
			fmt.Fprintln(e.Stdout, "thinking")
			_, _ = io.Copy(io.Discard, e.Stdin) // until nobody waits any more
		}
		return 0
	})
	x := stack.Exec{Command: []string{"check"}, Timeout: 50 * time.Millisecond}
	web := stack.Service{Name: "web"}
	p := g.execProbe(web, x, nil)
	assert.Equal(t, p.Limit(), x.Timeout)
	x.Timeout = 0
	assert.Equal(t, g.execProbe(web, x, nil).Limit(), 30*time.Second)
	x.Timeout = 50 * time.Millisecond
	assert.NilError(t, await(t, g, stack.Ready{Exec: &x}))
	assert.Assert(t, tries.Load() >= 2) // where all is slow, the second try may take as long as well
}

// TestReadyByTheImagesHealthCheck: it counts in place of the others, if there is one.
func TestReadyByTheImagesHealthCheck(t *testing.T) {
	for _, c := range []struct {
		health []string
		want   string
	}{
		{[]string{"CMD", "check", "it"}, "`check it`"},
		{[]string{"CMD-SHELL", "check it"}, "`check it`"},
		{[]string{"NONE"}, "port 80"},
		{[]string{}, "port 80"},
		{nil, "port 80"},
	} {
		g, f := newGroup(t, programs{"web": func(p *enginetest.Proc) int {
			p.Listen(80, func(c net.Conn) { fmt.Fprintln(c, "greetings") })
			return p.UntilStopped(0)
		}})
		f.AddImage(enginetest.Image{Tags: []string{"app:1"}, Health: c.health})
		f.SetCommand(func(*enginetest.Exec) int { return 0 })
		ready := stack.Ready{Image: true, Ports: []int{80}}
		list, err := g.probes(t.Context(), stack.Service{Name: "web", Ready: ready})
		assert.NilError(t, err)
		assert.Equal(t, len(list), 1)
		assert.Equal(t, list[0].String(), c.want)
		assert.NilError(t, await(t, g, ready))
	}
}

// TestP4NothingStaysOfTheWay: what led to a service's port is removed when the service is ready, and when it is not.
func TestP4NothingStaysOfTheWay(t *testing.T) {
	g, f := newGroup(t, programs{"web": enginetest.Listening(80)})
	f.AddImage(enginetest.Image{Tags: []string{"app:1"}, Bare: true})
	relays := func() int {
		list, err := g.Engine.Containers(t.Context(), label.Relay)
		assert.NilError(t, err)
		return len(list)
	}
	assert.NilError(t, await(t, g, stack.Ready{TCP: &stack.TCP{Port: 80}}))
	assert.Equal(t, f.Count("PUT", "/containers/[^/]+/archive"), 1)
	assert.Equal(t, relays(), 0)
	late := stack.Service{Name: "web", Ready: stack.Ready{TCP: &stack.TCP{Port: 81}, Timeout: 20 * time.Millisecond}}
	assert.ErrorContains(t, g.Await(t.Context(), late, &progress.Log{}), "not ready")
	assert.Equal(t, relays(), 0)
	g.Forwarded = func(string) bool { return true }
	ready := stack.Service{Name: "web", Ready: stack.Ready{TCP: &stack.TCP{Port: 80}}}
	assert.NilError(t, g.Await(t.Context(), ready, &progress.Log{}))
	assert.Equal(t, relays(), 1)
}
