// Package stack loads a stack: a Compose file whose x-bmo extensions say what Compose has no keys for. A stack is data.
// Loading one reads the file, its env files and what it extends, and nothing else: no engine, no network, no build
// context.
package stack

import (
	"io/fs"
	"time"
)

// DefaultFlavor is the flavor that is used when none is asked for, and the one that the bootstrap uses.
const DefaultFlavor = "low"

// Stack is what an application is made of.
type Stack struct {
	Name string
	// Dir is the absolute folder of the Compose file, "" for a built-in stack.
	Dir string
	// FS is the tree that the relative paths of a built-in stack refer to, nil for a stack on disk.
	FS fs.FS
	// Path is the Compose file's folder within FS, with slashes.
	Path string
	// Services are in start order: each after all services that it depends on, and by name where nothing else decides.
	Services  []Service
	Source    Source
	Contexts  map[string]Context
	Bootstrap []Step
	URL       URL
	// Env is what a test command is given. The values are templates.
	Env map[string]string
}

// Service is one container of the application.
type Service struct {
	Name  string
	Image string // the image to run when Build is nil
	Build *Build

	Entrypoint  []string // nil: the image's own
	Command     []string // nil: the image's own
	Environment map[string]string
	User        string
	WorkingDir  string
	Hostname    string

	// DependsOn names the services that must be ready before this one starts.
	DependsOn []string
	// Aliases are further names of the service on the instance's network.
	Aliases []string
	// Tmpfs are mounts as docker's --tmpfs takes them: PATH[:OPTIONS].
	Tmpfs []string

	StopSignal      string // "": the image's own
	StopGracePeriod time.Duration
	MemLimit        int64 // bytes, 0: none
	ShmSize         int64 // bytes, 0: the engine's default
	Init            bool
	Ulimits         map[string]Ulimit

	// Snapshot reports whether the filesystem is committed after the bootstrap.
	Snapshot bool
	Ready    Ready
	Flavors  map[string]Flavor
}

// Ulimit is a soft and a hard limit.
type Ulimit struct {
	Soft int64 `json:"soft"`
	Hard int64 `json:"hard"`
}

// Build says how a service's image is built.
type Build struct {
	// Context is a folder relative to the Compose file, with slashes, an absolute folder (only in a stack on disk) or a
	// URL.
	Context string
	// Dockerfile is relative to Context, or an absolute path.
	Dockerfile string
	// DockerfileInline is the Dockerfile itself; Dockerfile is "" then.
	DockerfileInline string
	Target           string
	Args             map[string]string
	// AdditionalContexts are named contexts of this service alone.
	AdditionalContexts map[string]string
}

// Ready says when a service is ready: when each probe that is given succeeds. A service without any is ready as soon as
// it runs.
type Ready struct {
	MySQL *MySQL
	HTTP  *HTTP
	TCP   *TCP
	// Timeout is how long to wait for the service, 0 when it does not say.
	Timeout time.Duration
}

// MySQL is a query that must succeed.
type MySQL struct {
	Port                     int
	User, Password, Database string
	Query                    string
}

// HTTP is a GET request that must be answered as expected.
type HTTP struct {
	Port int
	Path string
	// MinStatus and MaxStatus are the lowest and the highest status accepted.
	MinStatus, MaxStatus int
	// Body is a regular expression that the body must match, "" for any.
	Body string
}

// TCP is a port that must accept a connection.
type TCP struct {
	Port int
}

// Flavor is what differs in a service when it runs in that flavor.
type Flavor struct {
	Command     []string          // nil: as in the service
	Environment map[string]string // on top of the service's
	MemLimit    int64             // bytes, 0: as in the service
}

// Source says where the application's source tree comes from.
type Source struct {
	// URL is a Git URL with the commit to take, URL#COMMIT.
	URL string
	// Marker are paths that identify a source tree of the application: it contains all of them.
	Marker []string
}

// Context is a named build context, which every Dockerfile of the stack can use.
type Context struct {
	// From is FromSource, FromEmpty, the name of another context, or a folder: "." or "..", or what begins with "./",
	// "../" or "/". A folder is relative to the Compose file. "source" is always the source tree, also for a context
	// that is itself called source.
	From             string
	Include, Exclude []string
	// Ignore reports whether a .dockerignore counts; nil means that it does.
	Ignore *bool
}

// Step is a command of the bootstrap.
type Step struct {
	Service     string
	Command     []string
	Environment map[string]string // on top of the service's
	Timeout     time.Duration     // 0 when the step does not say
}

// URL is the address of the application.
type URL struct {
	Service string
	Port    int // of the container
	// Environment is set on the service at every start. The values are templates.
	Environment map[string]string
}
