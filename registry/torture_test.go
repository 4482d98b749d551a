package registry

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/attest"
	"github.com/docker-bmo/docker-bmo/internal/owner"
	"github.com/docker-bmo/docker-bmo/prune"
	"github.com/docker-bmo/docker-bmo/snapshot"
)

// troubles are what a registry and the way to it do to a request.
var troubles = map[string]func(w http.ResponseWriter, r *http.Request){
	"killed": func(w http.ResponseWriter, _ *http.Request) { hangUp(w) },
	"500": func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "internal", http.StatusInternalServerError)
	},
	"429": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "7")
		http.Error(w, `{"errors":[{"code":"TOOMANYREQUESTS","message":"slow down"}]}`, http.StatusTooManyRequests)
	},
	"cut": func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet {
			hangUp(w)
			return
		}
		w.Header().Set("Content-Length", "1000")
		w.WriteHeader(http.StatusOK)
		_, _ = w.Write([]byte(`{"schemaVersion":2,`))
		hangUp(w)
	},
	"full": func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, `{"errors":[{"code":"UNKNOWN","message":"write: no space left on device"}]}`, http.StatusInsufficientStorage)
	},
}

func hangUp(w http.ResponseWriter) {
	if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
		_ = conn.Close()
	}
}

// TestTorturePush: trouble at each request of a push, once and from then on. Once, the push succeeds. From then on, it fails
// with a word about the registry, and what can be found in the repository is nothing or the whole snapshot; the engine
// is as before; and when the trouble is over the push succeeds.
func TestTorturePush(t *testing.T) {
	for name, trouble := range troubles {
		t.Run(name, func(t *testing.T) {
			srv, trial, key := newServer(t), 0, newKey(t)
			said := attest.Options{Provenance: true}
			if name != "killed" { // with signatures it takes many more requests: once is enough
				key, said = nil, attest.Options{}
			}
			torture(t, srv, name, trouble, func() (func() error, func()) {
				trial++
				path := fmt.Sprintf("team/demo%d", trial)
				a := newMachine(t)
				s := a.bootstrapped("aa", noon)
				before := a.Objects()
				push := func() error {
					_, err := srv.repositoryAt(t, path).Push(t.Context(), PushRequest{
						Engine: a.e, Sealer: a.Fake, Platform: platform, Snapshot: s, Sign: key, Attest: said,
					})
					return err
				}
				return push, func() {
					assert.DeepEqual(t, a.Objects(), before)
					r := srv.repositoryAt(t, path)
					if key != nil {
						r.Require(key.Verifier())
					}
					f, err := r.FindInputs(t.Context(), s.Inputs, platform)
					assert.NilError(t, err)
					assert.Assert(t, f == nil || f.Complete())
				}
			})
		})
	}
}

// TestTorturePull: the same with a pull: an engine has the whole snapshot or nothing.
func TestTorturePull(t *testing.T) {
	for name, trouble := range troubles {
		t.Run(name, func(t *testing.T) {
			srv, a := newServer(t), newMachine(t)
			s := a.bootstrapped("aa", noon)
			_, err := a.push(srv.repository(t), s)
			assert.NilError(t, err)
			torture(t, srv, name, trouble, func() (func() error, func()) {
				b := newMachine(t)
				pull := func() error {
					got, _, err := b.pull(srv.repository(t), s.Key)
					assert.Assert(t, err != nil || got != nil && got.Complete())
					return err
				}
				return pull, func() {
					got, err := snapshot.FindKey(t.Context(), b.e, s.Key)
					assert.NilError(t, err)
					if got != nil {
						return
					}
					// What the engine has in hand when it is told to stop may come a moment later. It has no name, and the next
					// command removes it.
					for _, o := range b.Objects() {
						assert.Assert(t, strings.HasPrefix(o, "image sha256:"), o)
					}
					_, err = prune.Sweep(t.Context(), b.e, owner.View{})
					assert.NilError(t, err)
					assert.Equal(t, len(b.Objects()), 0, "%v", b.Objects())
				}
			})
		})
	}
}

// torture does something with a registry again and again, with trouble at one of its requests more each time. begin returns
// what to do, and what must hold whether it succeeded or not.
func torture(t *testing.T, srv *server, kind string, trouble func(http.ResponseWriter, *http.Request), begin func() (do func() error, check func())) {
	t.Helper()
	for k := 1; ; k++ {
		for _, once := range []bool{true, false} {
			if !once && kind != "killed" && kind != "full" {
				continue // what lasts, all do in the same way
			}
			do, check := begin()
			met := srv.setAt(k, once, trouble)
			err := do()
			srv.set(nil)
			switch {
			case !met() && once: // it took fewer requests: all have had their turn
				assert.NilError(t, err)
				assert.Assert(t, k > 5)
				t.Logf("%s at each of %d requests", kind, k-1)
				return
			case once && kind != "full":
				assert.NilError(t, err, "request %d", k)
			case met() && err != nil:
				assert.Assert(t, strings.Contains(err.Error(), srv.host), "request %d: %v", k, err)
			}
			check()
			assert.NilError(t, do(), "request %d, when the trouble is over", k)
			check()
		}
	}
}

// setAt makes trouble at a request or, unless it is for once, from it on. met reports whether that came to pass.
func (s *server) setAt(k int, once bool, trouble func(http.ResponseWriter, *http.Request)) (met func() bool) {
	var happened atomic.Bool
	s.set(func(n int, w http.ResponseWriter, r *http.Request) bool {
		if n < k || once && n > k {
			return false
		}
		happened.Store(true)
		trouble(w, r)
		return true
	})
	return happened.Load
}
