// Package bmotest gives Go tests instances of a stack: an application with its database, bootstrapped once and started
// anew for each test.
//
//	func TestSearch(t *testing.T) {
//		t.Parallel()
//		shop := bmotest.Start(t, "../compose.yaml")
//		resp, err := http.Get(shop.URL)
//		...
//	}
//
// The engine is the one that the docker command would use: DOCKER_HOST, DOCKER_CONTEXT, the current docker context, and
// the credentials and certificates of the docker configuration count as they do there. A missing snapshot is built
// first; tests that need the same one at the same time share the build, also in different processes.
//
// Set BMO_TEST_SKIP, to anything, to skip tests that need an instance. A missing engine fails them.
package bmotest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/docker/cli/cli/command"
	"github.com/docker/cli/cli/flags"

	"github.com/docker-bmo/docker-bmo/bmo"
	"github.com/docker-bmo/docker-bmo/stack"
)

// tailLines is how many of a service's last lines a failed test has in its log.
const tailLines = "20"

// cleanupTime bounds what happens after a test has ended.
const cleanupTime = time.Minute

// Option changes how instances are started.
type Option func(*options)

type options struct {
	set map[string]string
	run bmo.RunOptions
	api func(testing.TB) *bmo.Client // for tests of this package
}

// WithSet gives variables of the stack's Compose file values, as --set does.
func WithSet(variables map[string]string) Option { return func(o *options) { o.set = variables } }

// WithRunOptions starts instances with these options. Number comes from StartN; Detach has no effect, since no instance
// outlives its test.
func WithRunOptions(r bmo.RunOptions) Option { return func(o *options) { o.run = r } }

// Start starts an instance of a stack (a built-in one by its name, or a Compose file or the folder that one is in),
// returns when it is ready, and removes it when the test has ended. When the test has failed, the last lines of every
// service are in its log. A start that fails ends the test.
func Start(t testing.TB, stackName string, opts ...Option) *bmo.Instance {
	t.Helper()
	return StartN(t, 1, stackName, opts...)[0]
}

// StartN starts n instances; see Start.
func StartN(t testing.TB, n int, stackName string, opts ...Option) []*bmo.Instance {
	t.Helper()
	if os.Getenv("BMO_TEST_SKIP") != "" {
		t.Skip("BMO_TEST_SKIP is set")
	}
	o := options{api: newClient}
	for _, opt := range opts {
		opt(&o)
	}
	ctx := t.Context()
	st, err := bmo.LoadStack(ctx, stackName, bmo.StackOptions{Set: o.set, Environ: os.Environ()})
	check(t, err)
	client := o.api(t)
	check(t, build(ctx, client, st, &o.run))
	o.run.Number, o.run.Detach = n, false
	result, err := client.Run(ctx, st, o.run)
	check(t, err)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupTime)
		defer cancel()
		if t.Failed() {
			for _, i := range result.Instances {
				logTail(ctx, t, client, i)
			}
		}
		if err := client.Remove(ctx, result.Instances, bmo.StopOptions{}); err != nil {
			t.Logf("warning: %v", err) // trouble of the teardown is no trouble of the test
		}
	})
	return result.Instances
}

// check ends the test at an error, with its hints.
func check(t testing.TB, err error) {
	t.Helper()
	if err == nil {
		return
	}
	text := err.Error()
	for _, h := range bmo.Hints(err) {
		text += "\nhint: " + h
	}
	t.Fatal(text)
}

// logTail writes the last lines of an instance's services to the test's log.
func logTail(ctx context.Context, t testing.TB, client *bmo.Client, i *bmo.Instance) {
	var lines []string
	err := client.Logs(ctx, i.Name, nil, bmo.LogOptions{Tail: tailLines}, func(l bmo.LogLine) {
		lines = append(lines, l.Source+" | "+l.Text)
	})
	if err != nil {
		t.Logf("the output of %s cannot be read: %v", i.Name, err)
		return
	}
	t.Logf("last lines of %s:\n%s", i.Name, strings.Join(lines, "\n"))
}

// builds are the builds of this process that are under way, by what they are of: parallel tests share one. A build that
// has ended is not kept, since its snapshot may go, and what made it fail may pass.
var builds struct {
	sync.Mutex
	running map[string]*sharedBuild
}

type sharedBuild struct {
	tests int // that want it; builds guards it
	done  chan struct{}
	key   string
	err   error
}

// build makes sure that the snapshot is there, and pins run to it, so that a file that is edited meanwhile does not give
// tests of one run different snapshots.
func build(ctx context.Context, client *bmo.Client, st *stack.Stack, run *bmo.RunOptions) error {
	if run.Snapshot != "" || run.NoBuild {
		return nil
	}
	inputs, err := client.Inputs(ctx, st, run.BuildOptions)
	if err != nil {
		return err
	}
	of := run.BuildOptions
	of.Progress = nil
	id := fmt.Sprintf("%s %s %+v", client.Host(), inputs, of)
	builds.Lock()
	b, running := builds.running[id]
	if !running {
		b = &sharedBuild{done: make(chan struct{})}
		if builds.running == nil {
			builds.running = map[string]*sharedBuild{}
		}
		builds.running[id] = b
	}
	b.tests++
	builds.Unlock()
	if !running {
		// The test that came first may end before the others do.
		result, err := client.Build(context.WithoutCancel(ctx), st, run.BuildOptions)
		if b.err = err; err == nil {
			b.key = result.Snapshot.Key
		}
		builds.Lock()
		delete(builds.running, id)
		builds.Unlock()
		close(b.done)
	}
	select {
	case <-b.done:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	run.Snapshot, run.NoCache, run.Pull = b.key, false, false
	return b.err
}

// newClient returns a client of the engine that the docker command would use.
func newClient(t testing.TB) *bmo.Client {
	t.Helper()
	dockerCli, err := command.NewDockerCli()
	check(t, err)
	check(t, dockerCli.Initialize(flags.NewClientOptions()))
	opts := []bmo.Option{
		bmo.WithHost(dockerCli.DockerEndpoint().Host), bmo.WithRegistryAuth(dockerCli.ConfigFile()),
		bmo.WithWarnings(func(err error) { t.Logf("warning: %v", err) }),
		bmo.WithNotices(func(text string) { t.Log(text) }),
	}
	if dir, err := os.UserCacheDir(); err == nil {
		opts = append(opts, bmo.WithCacheDir(filepath.Join(dir, "docker-bmo")))
	}
	if dir := os.Getenv("XDG_STATE_HOME"); dir != "" {
		opts = append(opts, bmo.WithStateDir(filepath.Join(dir, "docker-bmo")))
	} else if home, err := os.UserHomeDir(); err == nil {
		opts = append(opts, bmo.WithStateDir(filepath.Join(home, ".local", "state", "docker-bmo")))
	}
	return bmo.New(dockerCli.Client(), opts...)
}
