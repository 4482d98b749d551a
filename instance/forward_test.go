package instance

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/engine/enginetest"
	"github.com/docker-bmo/docker-bmo/internal/label"
)

func get(t *testing.T, url string) string {
	t.Helper()
	resp, err := http.Get(url)
	assert.NilError(t, err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	assert.NilError(t, err)
	return string(b)
}

func TestForwardedInstance(t *testing.T) {
	f := newFixture(t)
	f.req.Engine.At("ssh://far")
	i := f.start(t)
	assert.Equal(t, get(t, i.URL), "fine")
	web, _ := f.Container(i.Services["web"])
	assert.Equal(t, len(web.Host.PortBindings), 0) // it would be a port of a host that nobody can reach
	assert.DeepEqual(t, web.Config.Env, []string{"NAME=" + i.Name, "URLBASE=" + i.URL + "/"})
	assert.Equal(t, i.Env["BMO_URL"], i.URL)
	list, err := List(t.Context(), f.req.Engine)
	assert.NilError(t, err)
	assert.Equal(t, list[0].URL, i.URL)
	assert.Equal(t, web.Config.Labels[label.URL], i.URL)

	i.Forward.Close()
	_, err = http.Get(i.URL)
	assert.ErrorContains(t, err, "connection refused")
	assert.NilError(t, Remove(t.Context(), f.req.Engine, i, 0))
	f.leavesNothing(t)
}

// No process stays to forward anything to a detached instance.
func TestDetachedInstanceElsewhereIsPublished(t *testing.T) {
	f := newFixture(t)
	f.req.Engine.At("ssh://far")
	f.req.Detach = true
	i := f.start(t)
	assert.Assert(t, i.Forward == nil)
	web, _ := f.Container(i.Services["web"])
	for _, b := range web.Host.PortBindings {
		assert.Equal(t, "http://"+b[0].HostIP+":"+b[0].HostPort, i.URL)
	}
	assert.Equal(t, len(web.Host.PortBindings), 1)
}

func TestFailedStartGivesThePortBack(t *testing.T) {
	f := newFixture(t)
	f.req.Engine.At("ssh://far")
	s := &start{Request: f.req}
	assert.NilError(t, s.reserve(t.Context()))
	assert.NilError(t, s.hold())
	assert.NilError(t, s.abandon(t.Context(), nil))
	_, err := net.Dial("tcp", s.forward.listener.Addr().String())
	assert.ErrorContains(t, err, "connection refused")
	f.leavesNothing(t)
}

// far stands in for an engine: the connections that it prepares lead to serve.
type far struct {
	serve func(net.Conn)
	down  atomic.Bool

	mu   sync.Mutex
	made []*relayed
}

var errDown = errors.New("the engine is gone")

func (f *far) prepare(context.Context) (connector, error) {
	if f.down.Load() {
		return nil, errDown
	}
	r := &relayed{far: f}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.made = append(f.made, r)
	return r, nil
}

// cut ends all prepared connections.
func (f *far) cut() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range f.made {
		r.dead.Store(true)
	}
}

type relayed struct {
	far  *far
	dead atomic.Bool
}

func (r *relayed) Err() error {
	if r.dead.Load() {
		return errDown
	}
	return nil
}

func (r *relayed) Close() error { return nil }

func (r *relayed) Connect(context.Context) (net.Conn, error) {
	if r.dead.Load() {
		return nil, errDown
	}
	ours, theirs := net.Pipe()
	go r.far.serve(theirs)
	return ours, nil
}

// forwarded starts a forward to an engine and returns the errors that it reports.
func forwarded(t *testing.T, to *far) (f *Forward, complaints <-chan error) {
	t.Helper()
	failed := make(chan error, 10)
	f, err := listen(0, func(err error) { failed <- err })
	assert.NilError(t, err)
	t.Cleanup(f.Close)
	f.serve(to.prepare)
	return f, failed
}

func dialed(t *testing.T, f *Forward) *net.TCPConn {
	t.Helper()
	c, err := net.Dial("tcp", f.listener.Addr().String())
	assert.NilError(t, err)
	t.Cleanup(func() { c.Close() })
	return c.(*net.TCPConn)
}

// greet is a server that speaks first, answers one line, and closes the connection.
func greet(c net.Conn) {
	defer c.Close()
	fmt.Fprintln(c, "hello")
	line, _ := bufio.NewReader(c).ReadString('\n')
	fmt.Fprint(c, "you said ", line)
}

func TestForward(t *testing.T) {
	f, _ := forwarded(t, &far{serve: greet})
	for range 3 * spares {
		c := dialed(t, f)
		_, err := io.WriteString(c, "hey\n")
		assert.NilError(t, err)
		got, err := io.ReadAll(c)
		assert.NilError(t, err)
		assert.Equal(t, string(got), "hello\nyou said hey\n")
	}
}

// A client may close its half of the connection and wait for the answer.
func TestForwardAnswersAfterHalfClose(t *testing.T) {
	asked, answer := make(chan struct{}), make(chan struct{})
	f, _ := forwarded(t, &far{serve: func(c net.Conn) {
		defer c.Close()
		_, _ = bufio.NewReader(c).ReadString('\n')
		close(asked)
		<-answer
		fmt.Fprint(c, "late")
	}})
	c := dialed(t, f)
	_, err := io.WriteString(c, "hey\n")
	assert.NilError(t, err)
	assert.NilError(t, c.CloseWrite())
	<-asked
	close(answer)
	got, err := io.ReadAll(c)
	assert.NilError(t, err)
	assert.Equal(t, string(got), "late")
}

// A client that leaves after its answer ends the server's side, too, which would otherwise wait for another request.
func TestForwardEndsWithTheClient(t *testing.T) {
	ended := make(chan error)
	f, _ := forwarded(t, &far{serve: func(c net.Conn) {
		r := bufio.NewReader(c)
		_, _ = r.ReadString('\n')
		fmt.Fprint(c, "x")
		_, err := r.ReadString('\n')
		ended <- err
	}})
	c := dialed(t, f)
	_, err := io.WriteString(c, "hey\n")
	assert.NilError(t, err)
	_, err = io.ReadFull(c, make([]byte, 1))
	assert.NilError(t, err)
	assert.NilError(t, c.Close())
	assert.Assert(t, <-ended != nil)
}

func TestForwardOverLostConnections(t *testing.T) {
	to := &far{serve: greet}
	f, complaints := forwarded(t, to)
	talk := func() string {
		c := dialed(t, f)
		_, _ = io.WriteString(c, "hey\n")
		got, _ := io.ReadAll(c)
		return string(got)
	}
	assert.Equal(t, talk(), "hello\nyou said hey\n")

	to.cut() // all prepared connections; the engine itself still answers
	assert.Equal(t, talk(), "hello\nyou said hey\n")
	assert.Equal(t, len(complaints), 0)

	to.down.Store(true)
	to.cut()
	assert.Equal(t, talk(), "") // closed, not left waiting
	err := <-complaints
	assert.ErrorIs(t, err, errDown)
	assert.ErrorContains(t, err, "forward 127.0.0.1:")

	to.down.Store(false)
	assert.Equal(t, talk(), "hello\nyou said hey\n")
}

func TestForwardCloseEndsConnections(t *testing.T) {
	up := make(chan struct{})
	f, complaints := forwarded(t, &far{serve: func(c net.Conn) { close(up); _, _ = io.Copy(io.Discard, c) }})
	c := dialed(t, f)
	<-up
	f.Close()
	_, _ = io.ReadAll(c) // ends, possibly with a reset
	assert.Equal(t, len(complaints), 0)
	_, err := net.Dial("tcp", f.listener.Addr().String())
	assert.ErrorContains(t, err, "connection refused")
	(*Forward)(nil).Close()
}

// TestForwardedPorts: ports of other services are forwarded, too, on request, and the engine publishes none of them.
func TestForwardedPorts(t *testing.T) {
	f := newFixture(t)
	f.programs["db"] = func(p *enginetest.Proc) int {
		p.Listen(3306, enginetest.HTTP(enginetest.Answer(200, "the database")))
		return p.UntilStopped(0)
	}
	f.req.Engine.At("ssh://far")
	f.req.Publish = []Publish{{Service: "db", Port: 3306}}
	i := f.start(t)
	address, err := i.Address("db", "3306")
	assert.NilError(t, err)
	assert.Equal(t, get(t, "http://"+address), "the database")
	assert.Equal(t, get(t, i.URL), "fine")
	db, _ := f.Container(i.Services["db"])
	assert.Equal(t, len(db.Host.PortBindings), 0)

	// Another process can find out the address as well.
	list, err := List(t.Context(), f.req.Engine)
	assert.NilError(t, err)
	assert.DeepEqual(t, list[0].Ports, i.Ports)
	assert.Equal(t, list[0].URL, i.URL)

	i.Forward.Close()
	_, err = http.Get("http://" + address)
	assert.ErrorContains(t, err, "connection refused")
}

// TestForwardedPortOfOnesChoice: the port is taken on this machine, since nothing is published here.
func TestForwardedPortOfOnesChoice(t *testing.T) {
	f := newFixture(t)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	assert.NilError(t, err)
	port := taken.Addr().(*net.TCPAddr).Port
	f.req.Engine.At("ssh://far")
	f.req.Publish = []Publish{{Service: "web", Port: 8000, Public: port}}
	_, err = Start(t.Context(), f.req)
	assert.ErrorContains(t, err, "address already in use")
	f.leavesNothing(t)

	assert.NilError(t, taken.Close())
	i := f.start(t)
	assert.Equal(t, i.URL, "http://"+taken.Addr().String())
	assert.Equal(t, get(t, i.URL), "fine")
	i.Forward.Close()
}
