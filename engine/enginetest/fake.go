package enginetest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/docker/docker/client"

	"github.com/docker-bmo/docker-bmo/engine"
)

// Fake is an engine. New makes one; it is safe for concurrent use.
type Fake struct {
	socket string
	server *http.Server
	// connections are the open ones, but for those that became streams both ways.
	connections connections
	ctx         context.Context // ends with the test
	work        sync.WaitGroup  // streams and programs

	mu       sync.Mutex
	over     bool // the test has ended: nothing is added to work any more
	about    About
	now      func() time.Time
	programs func(Spec) Program
	command  Command
	leads    []string // see Leads

	takenInside bool
	containers  map[string]*ctr
	networks    map[string]*netw
	volumes     map[string]*vol
	images      map[string]*img
	execs       map[string]*execution
	hooks       []hook
	requests    []string
	streams     int
	events      happenings
	serial      int
	// What each running container takes, in bytes.
	memory, cache uint64
}

// New starts an engine that ends with the test.
func New(t testing.TB) *Fake {
	t.Helper()
	// t.TempDir contains the test's name, and the path of a socket is limited to about 100 characters.
	dir, err := os.MkdirTemp("", "bmo")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	f := &Fake{
		socket: filepath.Join(dir, "s"), ctx: ctx, about: Modern, now: time.Now,
		programs: func(Spec) Program { return Serve() }, containers: map[string]*ctr{}, networks: map[string]*netw{},
		volumes: map[string]*vol{}, images: map[string]*img{}, execs: map[string]*execution{},
		events: happenings{more: make(chan struct{})},
	}
	l, err := net.Listen("unix", f.socket)
	if err != nil {
		t.Fatal(err)
	}
	f.server = &http.Server{
		Handler: f.handler(), BaseContext: func(net.Listener) context.Context { return ctx }, ConnState: f.connections.note,
	}
	go func() { _ = f.server.Serve(l) }()
	t.Cleanup(func() {
		cancel()
		f.Vanish()
		f.killAll()
		f.work.Wait()
		_ = os.RemoveAll(dir)
	})
	return f
}

// Host is the engine's address in the form of DOCKER_HOST.
func (f *Fake) Host() string { return "unix://" + f.socket }

// Client returns the real client, talking to the fake.
func (f *Fake) Client(t testing.TB) client.APIClient {
	t.Helper()
	return f.client(t)
}

func (f *Fake) client(t testing.TB, opts ...client.Opt) client.APIClient {
	t.Helper()
	opts = append(opts, client.WithHost(f.Host()), client.WithAPIVersionNegotiation())
	c, err := client.NewClientWithOpts(opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// Engine returns the real engine, talking to the fake.
func (f *Fake) Engine(t testing.TB) *engine.Engine {
	t.Helper()
	return engine.New(f.Client(t))
}

// EngineAs is Engine for tests in which several clients use the fake: its requests carry that name.
func (f *Fake) EngineAs(t testing.TB, name string) *engine.Engine {
	t.Helper()
	return engine.New(f.client(t, client.WithHTTPHeaders(map[string]string{"From": name})))
}

// SetNow sets the clock for the creation times of objects.
func (f *Fake) SetNow(now func() time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now = now
}

// id returns an identifier that is the same in every run; f.mu is held.
func (f *Fake) id(kind string) string {
	f.serial++
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %d", kind, f.serial))
	return hex.EncodeToString(sum[:])
}
