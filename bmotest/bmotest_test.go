package bmotest

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/bmo"
	"github.com/docker-bmo/docker-bmo/engine/enginetest"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/snapshot/snapshottest"
)

// recorder is a test that is looked at: it fails and ends when told, and keeps what is logged.
type recorder struct {
	testing.TB
	ctx      context.Context
	mu       sync.Mutex
	failed   bool
	skipped  bool
	log      strings.Builder
	cleanups []func()
}

// ended is what Fatal and Skip panic with.
type ended struct{}

func (r *recorder) Helper()                  {}
func (r *recorder) Context() context.Context { return r.ctx }
func (r *recorder) Cleanup(fn func())        { r.cleanups = append(r.cleanups, fn) }
func (r *recorder) Failed() bool             { return r.failed }
func (r *recorder) Log(args ...any)          { r.Logf("%s", fmt.Sprint(args...)) }
func (r *recorder) Skip(args ...any)         { r.skipped = true; r.Log(args...); panic(ended{}) }
func (r *recorder) Fatal(args ...any)        { r.failed = true; r.Log(args...); panic(ended{}) }
func (r *recorder) Logf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	fmt.Fprintf(&r.log, format+"\n", args...)
}

// play runs fn as a test does, up to its cleanups, and returns what is left of it to look at.
func play(t *testing.T, fn func(tb testing.TB)) *recorder {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r := &recorder{TB: t, ctx: ctx}
	func() {
		defer func() {
			if p := recover(); p != nil && p != (ended{}) {
				panic(p)
			}
		}()
		fn(r)
	}()
	cancel() // as testing does before the cleanups
	for i := len(r.cleanups) - 1; i >= 0; i-- {
		r.cleanups[i]()
	}
	return r
}

const compose = `name: shop
services:
  db:
    image: mysql:9.7
    x-bmo: {ready: {tcp: {port: 3306}}}
  web:
    image: debian:trixie-slim
    depends_on: [db]
    x-bmo: {ready: {http: {port: 8000, path: /}}}
x-bmo:
  url: {service: web, port: 8000}
`

// shop puts the snapshot of a stack onto a fake engine, and returns the stack's file and how to reach the engine.
func shop(t *testing.T) (*enginetest.Fake, string, Option) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "compose.yaml")
	assert.NilError(t, os.WriteFile(file, []byte(compose), 0o600))
	f := enginetest.New(t)
	f.SetPrograms(func(s enginetest.Spec) enginetest.Program {
		if s.Labels[label.Service] == "db" {
			return enginetest.Listening(3306)
		}
		return func(p *enginetest.Proc) int {
			p.Listen(8000, enginetest.HTTP(enginetest.Answer(http.StatusOK, "fine")))
			p.Print("serving")
			return p.UntilStopped(0)
		}
	})
	client := bmo.New(f.Client(t))
	st, err := bmo.LoadStack(t.Context(), file, bmo.StackOptions{})
	assert.NilError(t, err)
	made := snapshottest.New("shop", "0123456789ab", time.Now(), "db", "web")
	made.Inputs, err = client.Inputs(t.Context(), st, bmo.BuildOptions{})
	assert.NilError(t, err)
	snapshottest.Add(f, made)
	return f, file, func(o *options) { o.api = func(testing.TB) *bmo.Client { return client } }
}

func TestStartServesAndIsRemoved(t *testing.T) {
	f, file, on := shop(t)
	before := f.Objects()
	r := play(t, func(tb testing.TB) {
		resp, err := http.Get(Start(tb, file, on).URL)
		assert.NilError(t, err)
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		assert.NilError(t, err)
		assert.Equal(t, string(body), "fine")
	})
	assert.Assert(t, !r.failed)
	assert.Equal(t, r.log.String(), "", "a test that passes says nothing")
	assert.DeepEqual(t, f.Objects(), before)
}

func TestFailedTestShowsTheLastLines(t *testing.T) {
	f, file, on := shop(t)
	before := f.Objects()
	r := play(t, func(tb testing.TB) {
		Start(tb, file, on, WithRunOptions(bmo.RunOptions{Name: "one"}))
		tb.Fatal("no such bug")
	})
	assert.Assert(t, strings.Contains(r.log.String(), "no such bug\nlast lines of one:\n"), r.log.String())
	assert.Assert(t, strings.Contains(r.log.String(), "web | serving"), r.log.String())
	assert.DeepEqual(t, f.Objects(), before)
}

func TestStartN(t *testing.T) {
	f, file, on := shop(t)
	before := f.Objects()
	play(t, func(tb testing.TB) {
		list := StartN(tb, 3, file, on)
		assert.Equal(t, len(list), 3)
		assert.Assert(t, list[0].URL != list[1].URL && list[1].URL != list[2].URL)
	})
	assert.DeepEqual(t, f.Objects(), before)
}

func TestFailedStartEndsTheTest(t *testing.T) {
	f, file, on := shop(t)
	f.SetPrograms(func(enginetest.Spec) enginetest.Program { return enginetest.Exit(3, "cannot serve") })
	before := f.Objects()
	r := play(t, func(tb testing.TB) {
		Start(tb, file, on)
		t.Error("went on after a start that failed")
	})
	assert.Assert(t, r.failed)
	assert.Assert(t, strings.Contains(r.log.String(), "service db: ended with exit code 3"), r.log.String())
	assert.Assert(t, strings.Contains(r.log.String(), "\nhint: "), r.log.String())
	assert.DeepEqual(t, f.Objects(), before)
}

func TestSkip(t *testing.T) {
	t.Setenv("BMO_TEST_SKIP", "1")
	r := play(t, func(tb testing.TB) { Start(tb, "there is no such stack") })
	assert.Assert(t, r.skipped && !r.failed)
}

// TestMissingEngineFails: a test that did not run must not look like one that passed.
func TestMissingEngineFails(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	assert.NilError(t, err)
	host := "tcp://" + l.Addr().String()
	assert.NilError(t, l.Close())
	t.Setenv("DOCKER_HOST", host)
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	r := play(t, func(tb testing.TB) { Start(tb, "demo") })
	assert.Assert(t, r.failed && !r.skipped)
	assert.Assert(t, strings.Contains(r.log.String(), "cannot reach a docker engine at "+host), r.log.String())
	assert.Assert(t, strings.Contains(r.log.String(), "\nhint: start the engine"), r.log.String())
}

// TestParallelTestsShareABuild: the others wait for that of the first one, and are told what came of it.
func TestParallelTestsShareABuild(t *testing.T) {
	one, three := failingBuilds(t, 1), failingBuilds(t, 3)
	assert.Assert(t, one > 0)
	assert.Equal(t, three, one)
}

// failingBuilds runs tests that need a build, which fails, and returns how often BuildKit was asked for.
func failingBuilds(t *testing.T, tests int) int {
	t.Helper()
	f, file, on := shop(t)
	for _, object := range f.Objects() { // without its snapshot the stack has to be built
		if image, ok := strings.CutPrefix(object, "image "); ok {
			_, _, err := f.Engine(t).RemoveImage(t.Context(), image)
			assert.NilError(t, err)
		}
	}
	f.Fail("POST", "/grpc", http.StatusInternalServerError, "no builds today", 1000)
	f.Before("POST", "/grpc", func(*http.Request) { // until every test waits for the build
		for end := time.Now().Add(10 * time.Second); wanted() < tests && time.Now().Before(end); {
			time.Sleep(time.Millisecond)
		}
	})
	var wg sync.WaitGroup
	for range tests {
		wg.Go(func() {
			r := play(t, func(tb testing.TB) { Start(tb, file, on) })
			assert.Check(t, r.failed)
			assert.Check(t, strings.Contains(r.log.String(), "by which BuildKit is reached"), r.log.String())
		})
	}
	wg.Wait()
	return f.Count("POST", "/grpc")
}

// wanted is by how many tests the build is wanted that is under way, 1000 when there is none any more.
func wanted() int {
	builds.Lock()
	defer builds.Unlock()
	for _, b := range builds.running {
		return b.tests
	}
	return 1000
}
