package engine

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/docker/docker/api/types/versions"
	"github.com/docker/docker/client"
)

// MinAPIVersion is the oldest Engine API that has what we use: BuildKit with named contexts (23.0) and networks whose
// name is unique (25.0, API 1.44).
const MinAPIVersion = "1.44"

// MinVersion is the engine release that MinAPIVersion came with.
const MinVersion = "25.0"

// Engine is one Docker engine.
type Engine struct {
	api   client.APIClient
	host  string
	place place
}

// Info is what the product wants to know of an engine.
type Info struct {
	// ID is the engine's own identifier.
	ID string
	// Version is the engine's release, for example "28.5.2".
	Version string
	// APIVersion is the newest API that the engine speaks.
	APIVersion string
	// OS and Arch name the engine's platform in Go's words.
	OS, Arch string
	// Driver is the storage driver; the containerd image store shows as its snapshotter.
	Driver string
	// ContainerdStore is true when images live in containerd.
	ContainerdStore bool
	// CPUs is the number of processors that the engine's containers share.
	CPUs int
}

// Platform is the engine's platform as BuildKit writes it, for example "linux/amd64".
func (i Info) Platform() string { return i.OS + "/" + i.Arch }

// SlowDriver reports whether commits are known to take several seconds on the engine's storage driver, because it
// copies whole filesystems (vfs, and native, which is containerd's) or finds differences by walking them
// (devicemapper).
func (i Info) SlowDriver() bool {
	return i.Driver == "vfs" || i.Driver == "devicemapper" || i.Driver == "native"
}

// API is the client of the Engine API that an Engine speaks through.
type API = client.APIClient

// New returns an engine that is spoken to through api.
func New(api API) *Engine { return (&Engine{api: api}).At(api.DaemonHost()) }

// Host is the address that the engine is reached at, for example "unix:///var/run/docker.sock".
func (e *Engine) Host() string { return e.host }

// settleTime is how long a request that makes something goes on after its context has ended.
const settleTime = 10 * time.Second

// settling returns a context for such a request. Cut off on the way, it would be carried out all the same, and nobody
// would know what was made and has to go again.
func settling(ctx context.Context) (context.Context, context.CancelFunc, error) {
	if ctx.Err() != nil {
		return nil, nil, context.Cause(ctx)
	}
	long, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		t := time.AfterFunc(settleTime, cancel)
		context.AfterFunc(long, func() { t.Stop() })
	})
	return long, func() { stop(); cancel() }, nil
}

// reasonTries is how often a connection is tried that ends before anything is sent. An ssh that ends at once may do so
// before or after the request is written to it, and only in the latter case is what it has said in the error.
const reasonTries = 10

// Connect makes sure that an engine answers and that it is new enough.
func (e *Engine) Connect(ctx context.Context) (Info, error) {
	v, err := e.api.ServerVersion(ctx)
	for try := 1; try < reasonTries && err != nil && strings.Contains(err.Error(), "broken pipe"); try++ {
		v, err = e.api.ServerVersion(ctx)
	}
	if ctx.Err() != nil {
		return Info{}, context.Cause(ctx)
	}
	if err != nil {
		return Info{}, unreachable(e.host, err)
	}
	if versions.LessThan(v.APIVersion, MinAPIVersion) {
		return Info{}, &UnusableError{fmt.Sprintf("docker engine %s (API %s) is too old: %s (API %s) or newer is needed",
			v.Version, v.APIVersion, MinVersion, MinAPIVersion)}
	}
	info, err := e.api.Info(ctx)
	if err != nil {
		return Info{}, fmt.Errorf("ask the engine about itself: %w", Plain(err))
	}
	if info.OSType != "linux" {
		return Info{}, &UnusableError{"the engine runs " + info.OSType + " containers: linux containers are needed"}
	}
	return Info{
		ID: info.ID, Version: v.Version, APIVersion: v.APIVersion, OS: v.Os, Arch: v.Arch,
		Driver: info.Driver, ContainerdStore: containerdStore(info.DriverStatus), CPUs: info.NCPU,
	}, nil
}

// containerdStore reads what `docker info` shows as "driver-type".
func containerdStore(status [][2]string) bool {
	for _, s := range status {
		if s[0] == "driver-type" && strings.HasPrefix(s[1], "io.containerd.snapshotter") {
			return true
		}
	}
	return false
}
