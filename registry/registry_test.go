package registry

import (
	"context"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	mem "github.com/google/go-containerregistry/pkg/registry"
	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/attest"
	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/engine/enginetest"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/snapshot"
	"github.com/docker-bmo/docker-bmo/snapshot/snapshottest"
)

const platform = "linux/amd64"

// server is a registry in memory that trouble can be made in.
type server struct {
	*httptest.Server
	host  string
	inner http.Handler

	mu       sync.Mutex
	requests []string
	waits    []time.Duration
	// trouble answers a request in the registry's place, if it returns true. n counts from 1.
	trouble func(n int, w http.ResponseWriter, r *http.Request) bool
}

// newServer starts a registry, and makes what waits between two tries not wait.
func newServer(t *testing.T) *server {
	t.Helper()
	s := &server{}
	inner := mem.New(mem.Logger(log.New(io.Discard, "", 0)))
	s.inner = inner
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.requests = append(s.requests, r.Method+" "+r.URL.Path)
		n, trouble := len(s.requests), s.trouble
		s.mu.Unlock()
		if trouble == nil || !trouble(n, w, r) {
			inner.ServeHTTP(w, r)
		}
	}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.host = strings.TrimPrefix(s.URL, "http://")
	before := pause
	pause = func(ctx context.Context, d time.Duration) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.waits = append(s.waits, d)
		return ctx.Err()
	}
	t.Cleanup(func() {
		pause = before
		s.Close()
	})
	return s
}

// set makes trouble from now on; nil ends it. The count begins anew.
func (s *server) set(trouble func(n int, w http.ResponseWriter, r *http.Request) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trouble, s.requests, s.waits = trouble, nil, nil
}

// seen returns the requests since set.
func (s *server) seen() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.requests...)
}

func (s *server) repository(t *testing.T) *Repository {
	t.Helper()
	return s.repositoryAt(t, "team/demo")
}

func (s *server) repositoryAt(t *testing.T, path string) *Repository {
	t.Helper()
	r, err := Open(s.host+"/"+path, nil)
	assert.NilError(t, err)
	return r
}

// machine is an engine, and what it and a registry do with a snapshot.
type machine struct {
	*enginetest.Fake
	t *testing.T
	e *engine.Engine
}

func newMachine(t *testing.T) *machine {
	t.Helper()
	f := enginetest.New(t)
	return &machine{Fake: f, t: t, e: f.Engine(t)}
}

var (
	noon   = time.Date(2026, 2, 28, 12, 0, 0, 123456789, time.UTC)
	secret = "of this user only"
)

// bootstrapped adds a snapshot as a bootstrap leaves it: the image of one service has a label that is for this user only.
func (m *machine) bootstrapped(key string, made time.Time) snapshot.Snapshot {
	s := snapshottest.New("demo", key, made, "db", "web")
	snapshottest.Add(m.Fake, s)
	labels := s.Labels()
	maps.Copy(labels, map[string]string{label.Service: "web", label.Start: secret, label.Bases: "debian:trixie-slim"})
	m.AddImage(enginetest.Image{
		ID: snapshottest.ID(s, "web"), Tags: []string{snapshot.Tag("demo", "web", s.Key)}, Labels: labels, Created: s.Created,
		Layers: []enginetest.Layer{{Name: "base", Size: 100e6}, {Name: "web of " + key, Size: 50e6}},
	})
	found, err := snapshot.FindKey(m.t.Context(), m.e, s.Key)
	assert.NilError(m.t, err)
	return *found
}

func (m *machine) push(r *Repository, s snapshot.Snapshot) (Moved, error) {
	return r.Push(m.t.Context(), PushRequest{Engine: m.e, Sealer: m.Fake, Platform: platform, Snapshot: s, Attest: attest.Options{Provenance: true}})
}

// pull pulls the snapshot with that key and returns what the engine has then; nil when the repository has none.
func (m *machine) pull(r *Repository, key string) (*snapshot.Snapshot, Moved, error) {
	f, err := r.FindKey(m.t.Context(), key, platform)
	if err != nil || f == nil {
		return nil, Moved{}, err
	}
	moved, err := r.Pull(m.t.Context(), m.e, f, platform, nil)
	if err != nil {
		return nil, moved, err
	}
	s, err := snapshot.FindKey(m.t.Context(), m.e, key)
	return s, moved, err
}

// TestPushAndPull: what comes out of a repository is what was put in, without what is for one user only; only layers that
// the other side lacks move; and what is there already takes one request.
func TestPushAndPull(t *testing.T) {
	srv, a, b := newServer(t), newMachine(t), newMachine(t)
	r := srv.repository(t)
	first := a.bootstrapped("aa", noon)
	before := a.Objects()
	_, err := a.push(r, first)
	assert.NilError(t, err)
	assert.DeepEqual(t, a.Objects(), before)

	got, _, err := b.pull(r, first.Key)
	assert.NilError(t, err)
	assert.Assert(t, got.Complete())
	assert.Equal(t, got.Created, first.Created)
	for name, img := range got.Images {
		want := maps.Clone(first.Images[name].Labels)
		delete(want, label.Start)
		assert.DeepEqual(t, img.Labels, want)
		assert.DeepEqual(t, img.Tags, []string{snapshot.Tag("demo", name, first.Key)})
	}

	srv.set(nil)
	is, err := r.Has(t.Context(), first.Key)
	assert.NilError(t, err)
	assert.Assert(t, is)
	assert.DeepEqual(t, srv.seen(), []string{"HEAD /v2/team/demo/manifests/" + first.Key})
	srv.set(nil)
	none, err := r.FindInputs(t.Context(), "of something else", platform)
	assert.NilError(t, err)
	assert.Assert(t, none == nil)
	assert.Equal(t, len(srv.seen()), 1)

	second := a.bootstrapped("bb", noon.Add(time.Hour))
	moved, err := a.push(r, second)
	assert.NilError(t, err)
	assert.Assert(t, moved.Sent > 0 && moved.Sent < moved.Total, "%+v", moved)
	_, moved, err = b.pull(r, second.Key)
	assert.NilError(t, err)
	assert.Assert(t, moved.Sent > 0 && moved.Sent < moved.Total, "%+v", moved)
	f, err := r.FindInputs(t.Context(), second.Inputs, platform)
	assert.NilError(t, err)
	assert.Equal(t, f.Key, second.Key)
}

// TestRetryAfter: a registry that asks to be left alone for a time is left alone for that time, within limits.
func TestRetryAfter(t *testing.T) {
	srv := newServer(t)
	answers := []string{"7", "900", "-1", "Wed, 21 Oct 2015 07:28:00 GMT"}
	srv.set(func(n int, w http.ResponseWriter, _ *http.Request) bool {
		if n > len(answers) {
			return false
		}
		w.Header().Set("Retry-After", answers[n-1])
		w.WriteHeader(http.StatusTooManyRequests)
		return true
	})
	is, err := srv.repository(t).Has(t.Context(), "aa")
	assert.NilError(t, err)
	assert.Assert(t, !is)
	assert.DeepEqual(t, srv.waits, []time.Duration{7 * time.Second, afterLimit, backoff(3), backoff(4)})
}

// TestPlain: only a registry on this machine is spoken to without TLS, whatever its address looks like.
func TestPlain(t *testing.T) {
	for host, want := range map[string]bool{
		"127.0.0.1:5000": true, "localhost:5000": true, "[::1]:5000": true, "127.9.9.9": true,
		"10.0.0.1:5000": false, "registry.local:5000": false, "localhost.example": false, "127.0.0.1.example:80": false,
	} {
		assert.Equal(t, loopback(host), want, host)
	}
	_, err := (&transport{base: http.DefaultTransport}).RoundTrip(httptest.NewRequest(http.MethodGet, "http://10.0.0.1:5000/v2/", http.NoBody))
	assert.ErrorContains(t, err, "does not speak TLS")
}
