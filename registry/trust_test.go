package registry

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/snapshot"
)

// pushed pushes a snapshot and returns its images in the repository.
func pushed(t *testing.T, srv *server, a *machine, key string, made time.Time) (snapshot.Snapshot, map[string]part) {
	t.Helper()
	s := a.bootstrapped(key, made)
	_, err := a.push(srv.repository(t), s)
	assert.NilError(t, err)
	f, err := srv.repository(t).FindKey(t.Context(), s.Key, platform)
	assert.NilError(t, err)
	return s, f.parts
}

// TestNoOtherSnapshotIsTaken: an index whose images are not those of the key that it is found by is refused, before the
// engine is asked for anything.
func TestNoOtherSnapshotIsTaken(t *testing.T) {
	srv, a, b := newServer(t), newMachine(t), newMachine(t)
	s, parts := pushed(t, srv, a, "aa", noon)
	other, others := pushed(t, srv, a, "bb", noon.Add(time.Hour))
	for _, c := range []struct {
		name, tag, why string
		of             snapshot.Snapshot
		images         map[string]part
	}{
		{"another snapshot", s.Key, "its key is bb", other, others},
		{"an image of another", s.Key, "the image of web has docker-bmo.key", s, map[string]part{"db": parts["db"], "web": others["web"]}},
		{"one image for two", s.Key, `the image of web has docker-bmo.service "db"`, s, map[string]part{"db": parts["db"], "web": parts["db"]}},
		{"one image only", s.Key, "it lacks images of web", s, map[string]part{"db": parts["db"]}},
		{"one too many", s.Key, `it has "more"`, s, map[string]part{"db": parts["db"], "web": parts["web"], "more": parts["db"]}},
		{"a time of its own", s.Key, "docker-bmo.created", snapshot.Snapshot{
			Key: s.Key, Inputs: s.Inputs, Stack: s.Stack, Version: s.Version, Services: s.Services, Created: noon.Add(time.Minute),
		}, parts},
	} {
		t.Run(c.name, func(t *testing.T) {
			idx, err := newIndex(c.of, c.images)
			assert.NilError(t, err)
			r := srv.repository(t)
			assert.NilError(t, r.pusher.Put(t.Context(), r.repo.Tag(c.tag), idx))
			_, _, err = b.pull(srv.repository(t), s.Key)
			var invalid *InvalidError
			assert.Assert(t, errors.As(err, &invalid), "%v", err)
			assert.ErrorContains(t, err, c.why)
			assert.Equal(t, b.Count("POST", ".*"), 0)
		})
	}
	_, err := srv.repository(t).FindKey(t.Context(), other.Key, "linux/arm64")
	var mismatch *PlatformError
	assert.Assert(t, errors.As(err, &mismatch), "%v", err)
	assert.ErrorContains(t, err, "is for linux/amd64, not for linux/arm64")
}

// TestPartsThatAreRefused: what an image must not have, whoever made it.
func TestPartsThatAreRefused(t *testing.T) {
	s := snapshot.Snapshot{Key: "k", Inputs: "i", Stack: "demo", Services: []string{"web"}, Created: noon}
	for name, why := range map[string]string{label.Owner: "never leaves an engine", label.Start: "never leaves an engine", label.URL: "never leaves an engine", "": ""} {
		labels := s.Labels()
		labels[label.Service] = "web"
		labels[name] = "x"
		p := part{config: &v1.ConfigFile{OS: "linux", Architecture: "amd64", Created: v1.Time{Time: noon}, Config: v1.Config{Labels: labels}}}
		err := p.check(s, "web", platform)
		if why == "" {
			assert.NilError(t, err)
			p.config.Created.Time = noon.Add(time.Hour)
			assert.ErrorContains(t, p.check(s, "web", platform), "was made from the snapshot's")
			continue
		}
		assert.ErrorContains(t, err, why)
	}
}

// TestListAndRemove: a listing costs one small answer for each snapshot; what is removed is gone by every name, and the
// other snapshots stay.
func TestListAndRemove(t *testing.T) {
	srv, a, b := newServer(t), newMachine(t), newMachine(t)
	first, _ := pushed(t, srv, a, "aa", noon)
	second, _ := pushed(t, srv, a, "bb", noon.Add(time.Hour))
	srv.set(nil)
	list, err := srv.repository(t).List(t.Context())
	assert.NilError(t, err)
	assert.Equal(t, len(list), 2)
	assert.Equal(t, list[0].Key+list[1].Key, second.Key+first.Key)
	assert.DeepEqual(t, list[1].Bases(), first.Bases())
	assert.Assert(t, list[0].Size() > 0)
	for _, request := range srv.seen() {
		assert.Assert(t, !strings.Contains(request, "/blobs/"), request)
	}
	removed, err := srv.repository(t).Remove(t.Context(), list[1:])
	assert.NilError(t, err)
	assert.DeepEqual(t, removed, []string{first.Key})
	none, err := srv.repository(t).FindInputs(t.Context(), first.Inputs, platform)
	assert.NilError(t, err)
	assert.Assert(t, none == nil)
	got, _, err := b.pull(srv.repository(t), second.Key)
	assert.NilError(t, err)
	assert.Assert(t, got.Complete())
	key, err := srv.repository(t).Resolve(t.Context(), "bb")
	assert.NilError(t, err)
	assert.Equal(t, key, second.Key)
	_, err = srv.repository(t).Resolve(t.Context(), "aa")
	var missing *NotFoundError
	assert.Assert(t, errors.As(err, &missing))
}

// TestDeletionRefused: the first refusal ends it, and says what to do.
func TestDeletionRefused(t *testing.T) {
	srv, a := newServer(t), newMachine(t)
	pushed(t, srv, a, "aa", noon)
	pushed(t, srv, a, "bb", noon.Add(time.Hour))
	list, err := srv.repository(t).List(t.Context())
	assert.NilError(t, err)
	deletions := 0
	srv.set(func(_ int, w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodDelete {
			return false
		}
		deletions++
		http.Error(w, `{"errors":[{"code":"UNSUPPORTED","message":"The operation is unsupported."}]}`, http.StatusMethodNotAllowed)
		return true
	})
	removed, err := srv.repository(t).Remove(t.Context(), list)
	assert.ErrorContains(t, err, "The operation is unsupported.")
	assert.Assert(t, strings.Contains(strings.Join(hint.All(err), " "), "does not allow deletion"))
	assert.Equal(t, len(removed), 0)
	assert.Equal(t, deletions, 1)
}

// TestAbandonedPush: images whose index has never come are removed when they are a day old.
func TestAbandonedPush(t *testing.T) {
	srv, a := newServer(t), newMachine(t)
	kept, _ := pushed(t, srv, a, "aa", noon)
	half := a.bootstrapped("bb", noon)
	_, err := srv.repository(t).pushPart(t.Context(), PushRequest{Engine: a.e, Sealer: a.Fake, Platform: platform, Snapshot: half}, "db", half.Images["db"], newMeter(nil))
	assert.NilError(t, err)
	for _, c := range []struct{ age, want int }{{23, 0}, {25, 1}, {25, 0}} {
		n, err := srv.repository(t).RemoveAbandoned(t.Context(), noon.Add(time.Duration(c.age)*time.Hour))
		assert.NilError(t, err)
		assert.Equal(t, n, c.want)
	}
	f, err := srv.repository(t).FindKey(t.Context(), kept.Key, platform)
	assert.NilError(t, err)
	assert.Assert(t, f.Complete())
}

// TestPassword: a registry with a password is told the one that docker has for it, and without it says what to do.
func TestPassword(t *testing.T) {
	srv := newServer(t)
	srv.set(func(_ int, w http.ResponseWriter, r *http.Request) bool {
		if user, password, ok := r.BasicAuth(); ok && user == "me" && password == "secret" {
			return false
		}
		w.Header().Set("WWW-Authenticate", `Basic realm="registry"`)
		http.Error(w, `{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}`, http.StatusUnauthorized)
		return true
	})
	_, err := srv.repository(t).Has(t.Context(), strings.Repeat("a", 64))
	assert.ErrorContains(t, err, "401 Unauthorized")
	assert.DeepEqual(t, hint.All(err), []string{"`docker login " + srv.host + "` with an account that may do this"})
	r, err := Open(srv.host+"/team/demo", func(host string) (engine.Credentials, error) {
		assert.Equal(t, host, srv.host)
		return engine.Credentials{Username: "me", Password: "secret"}, nil
	})
	assert.NilError(t, err)
	is, err := r.Has(t.Context(), strings.Repeat("a", 64))
	assert.NilError(t, err)
	assert.Assert(t, !is)
}

// TestAdvice: what to do about what engines and registries say.
func TestAdvice(t *testing.T) {
	for text, want := range map[string]string{
		"denied: requested access to the resource is denied; unauthorized":                        "docker login",
		"tls: failed to verify certificate: x509: certificate signed by unknown authority":        "certs.d/registry.example",
		`Get "https://registry.example/v2/": http: server gave HTTP response to HTTPS client`:     "give the registry a certificate",
		"toomanyrequests: You have reached your pull rate limit":                                  "asked too often",
		"failed to register layer: write /x: no space left on device":                             "a disk is full",
		`Get "https://registry.example/v2/": dial tcp 192.0.2.1:443: connect: connection refused`: "whether the registry runs",
		"filesystem layer verification failed for digest sha256:aa":                               "what the registry has is not what its digest says",
		`manifest digest: "sha256:aa" does not match requested digest: "sha256:bb"`:               "what the registry has is not what its digest says",
		"something else": "",
	} {
		got := advice("registry.example", errors.New(text))
		assert.Assert(t, strings.Contains(got, want) && (want == "") == (got == ""), "%s: %s", text, got)
	}
}

// TestNames: repositories are named as docker names them.
func TestNames(t *testing.T) {
	for arg, want := range map[string][2]string{
		"registry.example:5000/team/demo":     {"registry.example:5000/team/demo", ""},
		"registry.example:5000/team/demo:1a2": {"registry.example:5000/team/demo", "1a2"},
		"team/demo:1a2":                       {"team/demo", "1a2"},
	} {
		repository, key := Split(arg)
		assert.Equal(t, [2]string{repository, key}, want)
		r, err := Open(repository, nil)
		assert.NilError(t, err)
		assert.Equal(t, r.String(), repository)
	}
	for _, bad := range []string{"", "Team/Demo", "team/demo:tag", "a b"} {
		_, err := Open(bad, nil)
		assert.ErrorContains(t, err, "invalid repository")
	}
}
