package bmo

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/docker/cli/cli/config/configfile"
	"github.com/moby/buildkit/session"
	"github.com/moby/buildkit/session/auth/authprovider"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/internal/owner"
	"github.com/docker-bmo/docker-bmo/journal"
	"github.com/docker-bmo/docker-bmo/progress"
	"github.com/docker-bmo/docker-bmo/prune"
)

// Client works on one docker engine. It is safe for concurrent use.
type Client struct {
	engine             *engine.Engine
	cacheDir, stateDir string
	registries         *configfile.ConfigFile
	proxies            map[string]string // environment of builds and containers, no part of a key
	warn               func(error)
	keeper             *journal.Keeper // nil without a state folder
	notice             func(string)

	mu    sync.Mutex
	info  *Info
	swept bool
	self  *owner.Owner

	shown atomic.Pointer[progress.Printer] // the progress of the method that runs
}

// Info is what is known of an engine.
type Info = engine.Info

// Option changes what New returns.
type Option func(*Client)

// WithHost says where the engine really is, for example "ssh://me@build.example". A docker client that reaches it
// through another program, such as ssh, knows a made-up address only.
func WithHost(host string) Option { return func(c *Client) { c.engine.At(host) } }

// DefaultSubnets is where the networks of instances and bootstraps have their subnets from unless WithSubnets says
// another range: one for each, as small as its services allow.
var DefaultSubnets = engine.DefaultSubnets

// WithSubnets says from which range of IPv4 addresses the networks of instances and bootstraps have their subnets. The
// zero Prefix leaves it to the engine, whose own pools usually suffice for some 30 networks.
func WithSubnets(r netip.Prefix) Option { return func(c *Client) { c.engine.SetSubnets(r) } }

// WithCacheDir names the folder for what can be made again: checkouts of Git repositories and the digests of files.
// Without it, every file is read again at each Build.
func WithCacheDir(dir string) Option { return func(c *Client) { c.cacheDir = dir } }

// WithStateDir names the folder for records of what becomes of bootstraps and instances, with what their containers print
// and what the engine does to them, and for a lock by which others on this machine see that this process runs. Without it
// there are neither.
func WithStateDir(dir string) Option { return func(c *Client) { c.stateDir = dir } }

// WithRegistryAuth lets builds use the credentials of a docker configuration.
func WithRegistryAuth(f *configfile.ConfigFile) Option { return func(c *Client) { c.registries = f } }

// WithProxies gives builds the proxies of a docker configuration, as docker build has them: those of the engine at host,
// else the default ones. They are no part of a key.
func WithProxies(f *configfile.ConfigFile, host string) Option {
	return func(c *Client) {
		c.proxies = map[string]string{}
		for name, value := range f.ParseProxyConfig(host, nil) {
			c.proxies[name] = *value
		}
	}
}

// WithWarnings has fn told of trouble that does not stop the work. It may be called from several goroutines at once.
func WithWarnings(fn func(error)) Option { return func(c *Client) { c.warn = fn } }

// WithNotices has fn told what is under way when something that no progress is shown of takes longer than three
// seconds.
func WithNotices(fn func(string)) Option { return func(c *Client) { c.notice = fn } }

// New returns a client for the engine that api speaks to. The engine is not asked for anything yet.
func New(api engine.API, opts ...Option) *Client {
	c := &Client{engine: engine.New(api), warn: func(error) {}, notice: func(string) {}}
	c.engine.OnSlow(c.engineIsSlow)
	for _, o := range opts {
		o(c)
	}
	if a := c.archive(); a != nil {
		c.keeper = journal.NewKeeper(c.engine, a, c.warn)
		c.keeper.OnSlow(c.sayIfSlow)
	}
	return c
}

// Host is the address that the engine is reached at, for example "unix:///var/run/docker.sock".
func (c *Client) Host() string { return c.engine.Host() }

// Connect makes sure that an engine answers and is new enough, and returns what it is. The engine is asked once; every
// method that needs it does so by itself. The error satisfies IsEngineFailure.
func (c *Client) Connect(ctx context.Context) (Info, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.info != nil {
		return *c.info, nil
	}
	defer c.sayIfSlow("waiting for the engine at " + c.engine.Host())()
	info, err := c.engine.Connect(ctx)
	if err != nil {
		return Info{}, err
	}
	c.info = &info
	c.keeper.At(info.ID)
	return info, nil
}

// Sweep removes what commands and programs that have ended left behind: containers and networks whose owner is gone,
// images of builds that nobody will finish, incomplete snapshots. It goes on past what it cannot remove and returns
// those errors together.
func (c *Client) Sweep(ctx context.Context) (Report, error) {
	if _, err := c.Connect(ctx); err != nil {
		return Report{}, err
	}
	c.mu.Lock()
	c.swept = true
	c.mu.Unlock()
	defer c.sayIfSlow("removing what earlier commands left behind")()
	defer c.settle(ctx)
	return prune.Sweep(ctx, c.engine, c.view())
}

// connectAndSweep is how methods begin that change something. A client sweeps once.
func (c *Client) connectAndSweep(ctx context.Context) (Info, error) {
	info, err := c.Connect(ctx)
	if err != nil {
		return info, err
	}
	c.mu.Lock()
	swept := c.swept
	c.mu.Unlock()
	if swept {
		return info, nil
	}
	if _, err := c.Sweep(ctx); err != nil && ctx.Err() == nil {
		// The next one meets again what cannot be removed now; it is no reason to refuse the work.
		c.warn(fmt.Errorf("leftovers of earlier commands could not all be removed: %w", err))
	}
	return info, nil
}

// slowAfter is how long something may take that no progress is shown of, before a notice says what it is.
var slowAfter = 3 * time.Second

// sayIfSlow gives a notice of what is under way when it is not over soon. The caller calls done when it is.
func (c *Client) sayIfSlow(text string) (done func()) {
	over := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		select {
		case <-over:
		case <-time.After(slowAfter):
			c.notice(text)
		}
	})
	return func() {
		close(over)
		wg.Wait()
	}
}

// show makes the progress of a method what a slow engine is shown on, until the caller calls done.
func (c *Client) show(p *progress.Printer) (done func()) {
	before := c.shown.Swap(p)
	return func() { c.shown.Store(before) }
}

// engineIsSlow says that a request has not been answered for a while: on the progress that is shown, else as a notice.
func (c *Client) engineIsSlow(text string) (answered func()) {
	p := c.shown.Load()
	if p == nil {
		c.notice(text)
		return func() {}
	}
	over, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		_ = p.Step(context.Background(), text, func(context.Context, *progress.Log) error {
			<-over
			return nil
		})
	}()
	return func() {
		close(over)
		<-done
	}
}

// session is what BuildKit may ask the client for.
func (c *Client) session() []session.Attachable {
	if c.registries == nil {
		return nil
	}
	return []session.Attachable{authprovider.NewDockerAuthProvider(authprovider.DockerAuthProviderConfig{ConfigFile: c.registries})}
}

// checkCache refuses a cache export that the engine's image store cannot do.
func checkCache(cache Cache, info Info) error {
	if cache.NeedsContainerdStore() && !info.ContainerdStore {
		return hintCache(errors.New("the engine's image store cannot export a build cache"))
	}
	return nil
}
