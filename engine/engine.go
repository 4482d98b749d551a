package engine

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync/atomic"
	"time"

	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/versions"
	"github.com/docker/docker/client"
)

// MinAPIVersion is the oldest Engine API that has what docker bmo uses: BuildKit with named contexts (23.0) and
// networks whose name is unique (25.0, API 1.44).
const MinAPIVersion = "1.44"

// MinVersion is the engine release that introduced MinAPIVersion.
const MinVersion = "25.0"

// Engine is one Docker engine.
type Engine struct {
	api    client.APIClient
	limits *limits
	host   string
	place  place
	// subnets is the range of the networks' subnets; invalid if the engine chooses them.
	subnets netip.Prefix
	arch    atomic.Value // of the engine's processor, a string, once Connect has asked
	memory  atomic.Int64 // of the engine's machine, in bytes, once Connect has asked
	ahead   atomic.Int64 // nanoseconds by which the engine's clock is ahead of ours
	// onRemove, if not nil, is called before a container is removed.
	onRemove func(ctx context.Context, id string)

	reaches reaches
}

// Info is what docker bmo needs to know about an engine.
type Info struct {
	// ID is the engine's own identifier.
	ID string
	// Version is the engine's release, for example "28.5.2".
	Version string
	// APIVersion is the newest API version that the engine supports.
	APIVersion string
	// OS and Arch are the engine's platform, in Go's terms.
	OS, Arch string
	// Driver is the storage driver; with the containerd image store, its snapshotter.
	Driver string
	// ContainerdStore is true when images live in containerd.
	ContainerdStore bool
	// CPUs is the number of processors that the engine's containers share.
	CPUs int
}

// Platform returns the engine's platform as BuildKit writes it, for example "linux/amd64".
func (i Info) Platform() string { return i.OS + "/" + i.Arch }

// SlowDriver reports whether commits are known to take several seconds on the engine's storage driver, because it
// copies whole filesystems (vfs, and native, containerd's snapshotter of that kind) or computes differences by walking
// them (devicemapper). btrfs is not counted as slow.
func (i Info) SlowDriver() bool {
	return i.Driver == "vfs" || i.Driver == "devicemapper" || i.Driver == "native"
}

// API is the client of the Engine API that an Engine uses.
type API = client.APIClient

// New returns an engine that uses api.
func New(api API) *Engine {
	e := &Engine{subnets: DefaultSubnets}
	e.limits = newLimits(e.Host)
	e.api = limited{api, e.limits}
	return e.At(api.DaemonHost())
}

// Host returns the address of the engine, for example "unix:///var/run/docker.sock".
func (e *Engine) Host() string { return e.host }

// settleTime is how long a request that makes something goes on after its context is done.
const settleTime = 10 * time.Second

// settling returns a context for such a request. If it were cut off on the way, the engine would carry it out all the
// same, and nobody would know what was made and has to be removed.
func settling(ctx context.Context) (context.Context, context.CancelFunc, error) {
	if ctx.Err() != nil {
		return nil, nil, context.Cause(ctx)
	}
	long, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		t := time.AfterFunc(settleTime, func() { cancel(context.Cause(ctx)) })
		context.AfterFunc(long, func() { t.Stop() })
	})
	return long, func() { stop(); cancel(nil) }, nil
}

// reasonTries is how often connecting is tried if the connection ends before anything is sent. An ssh that ends at once
// may do so before or after the request is written to it, and only in the latter case does the error contain what it
// printed.
const reasonTries = 10

// Connect checks that an engine answers and that it is new enough. It returns an *UnavailableError if none answers, and
// an *UnusableError if it is too old or does not run Linux containers.
func (e *Engine) Connect(ctx context.Context) (Info, error) {
	v, err := e.serverVersion(ctx)
	for try := 1; try < reasonTries && err != nil && strings.Contains(err.Error(), "broken pipe"); try++ {
		v, err = e.serverVersion(ctx)
	}
	if late := (*lateError)(nil); errors.As(err, &late) {
		return Info{}, late
	}
	if ctx.Err() != nil {
		return Info{}, context.Cause(ctx)
	}
	if silent := (*SilentError)(nil); errors.As(err, &silent) {
		return Info{}, silent
	}
	if err != nil {
		return Info{}, unreachable(e.host, err)
	}
	if versions.LessThan(v.APIVersion, MinAPIVersion) {
		return Info{}, &UnusableError{Reason: fmt.Sprintf("docker engine %s (API %s) is too old: %s (API %s) or newer is needed",
			v.Version, v.APIVersion, MinVersion, MinAPIVersion)}
	}
	if spoken := e.api.ClientVersion(); versions.LessThan(spoken, MinAPIVersion) {
		return Info{}, &UnusableError{
			Reason: fmt.Sprintf("the docker engine at %s is spoken to in version %s of its API: %s or newer is needed", e.Host(), spoken, MinAPIVersion),
			Advice: "run the command again without DOCKER_API_VERSION; if it is not set, something in front of the engine has answered a ping in its place",
		}
	}
	asked := time.Now()
	info, err := e.api.Info(ctx)
	if err != nil {
		return Info{}, fmt.Errorf("ask the engine about itself: %w", Plain(err))
	}
	e.noteClock(info.SystemTime, asked)
	if info.OSType != "linux" {
		return Info{}, &UnusableError{Reason: "the engine runs " + info.OSType + " containers: linux containers are needed"}
	}
	e.arch.Store(v.Arch)
	e.memory.Store(info.MemTotal)
	return Info{
		ID: info.ID, Version: v.Version, APIVersion: v.APIVersion, OS: v.Os, Arch: v.Arch,
		Driver: info.Driver, ContainerdStore: containerdStore(info.DriverStatus), CPUs: info.NCPU,
	}, nil
}

// serverVersion is the first request, whose errors say why an engine cannot be reached.
func (e *Engine) serverVersion(ctx context.Context) (types.Version, error) {
	limited, cancel := context.WithTimeout(ctx, e.limits.answer)
	defer cancel()
	v, err := e.api.ServerVersion(limited)
	if limited.Err() != nil && ctx.Err() == nil {
		return v, &SilentError{Host: e.host, Request: "ask it for its version", After: e.limits.answer}
	}
	return v, outOfTime(ctx, e.host, err)
}

// containerdStore reports whether images are in containerd, which `docker info` shows as "driver-type".
func containerdStore(status [][2]string) bool {
	for _, s := range status {
		if s[0] == "driver-type" && strings.HasPrefix(s[1], "io.containerd.snapshotter") {
			return true
		}
	}
	return false
}
