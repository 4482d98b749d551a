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
	// Files are the Compose files, as they were named.
	Files []string
	// FS is the tree that the relative paths of a built-in stack refer to, nil for a stack on disk.
	FS fs.FS
	// Path is the Compose file's folder within FS, with slashes.
	Path string
	// BuiltIn are the built-in stacks, which paths of a stack on disk can refer to; see BuiltIn.
	BuiltIn fs.FS
	// Services are in start order: each after all services that it depends on, and by name where nothing else decides.
	Services  []Service
	Source    Source
	Contexts  map[string]Context
	Bootstrap []Step
	// Start are the steps of each start of an instance. Each runs when the services that its own depends on are ready,
	// and the instance is ready only when all have ended with 0.
	Start []Step
	URL   URL
	// Candidates are what the application's address may be, when that is not clear; URL is empty then.
	Candidates []URL
	// Env is what a test command is given. The values are templates.
	Env map[string]string
	// Repository is where snapshots are kept besides the engine, [HOST[:PORT]/]PATH; empty for nowhere.
	Repository string
	// Portable reports that the bootstrap writes the same on linux/amd64 and linux/arm64, so that a snapshot for one of them
	// can have the data of one for the other.
	Portable bool

	// Notes say what the Compose file means here otherwise than for Compose.
	Notes []Note
	// Warnings are what Compose warns of, such as a variable without a value.
	Warnings []string
	// Variables are the values of the environment variables that secrets and configs are made of.
	Variables map[string]string
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
	// Early reports that the service itself waits for those: an instance starts it at the same time as them.
	Early bool
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
	// OneShot reports that the service is run to its end once, in the bootstrap, before those that depend on it start. It
	// is no part of an instance.
	OneShot bool
	// Mounts are the paths whose content is not that of the image alone.
	Mounts []Mount
	// Files are the secrets and configs, which are there when the entrypoint starts and get into no image.
	Files []File
	// Ports are the TCP ports that the file publishes, of the container.
	Ports []int
	// Healthcheck is the one of the file; nil leaves the image's own.
	Healthcheck *Healthcheck
	// Platform is that of the image, OS/ARCH, "" for the engine's.
	Platform string
	// Restart reports that the file has a restart policy: while it is not ready yet, a service that has one is started
	// again when it ends.
	Restart  bool
	Settings Settings
	Ready    Ready
	Flavors  map[string]Flavor
}

// Mount is a path of a container whose content is not that of the image alone.
type Mount struct {
	// Target is an absolute path in the container.
	Target string
	// Source is a folder or a file of the project, as Build.Context has it. Its content is copied into the image in place
	// of what the image has at Target.
	Source string
	// Volume is the name of a volume; a volume without a name has neither Source nor Volume. It is a folder like any
	// other, begins with what the image has there, and is kept in the snapshot with the rest of the filesystem.
	Volume string
	// Shared reports that the volume has to be one of the engine's: several services have it, or the container's own
	// filesystem is read-only. An instance has its own, made with the content that the snapshot has of it.
	Shared   bool
	ReadOnly bool
	// NoCopy reports that a volume begins empty, whatever the image has at Target.
	NoCopy bool
	// Subpath is the part of a volume that is mounted, relative to it.
	Subpath string
}

// File is a secret or a config of a service.
type File struct {
	// Name is what the file calls it; Secret tells a secret from a config.
	Name   string
	Secret bool
	// Target is an absolute path in the container.
	Target string
	// Source is where its content comes from.
	Source Content
	// UID and GID are numbers, 0 when the file does not say.
	UID, GID int
	// Mode is the file's permissions, 0444 when the file does not say.
	Mode fs.FileMode
}

// Content says where the content of a secret or a config comes from: exactly one field is set.
type Content struct {
	// Path is a file, as Build.Context has a folder.
	Path string
	// Variable is the name of an environment variable.
	Variable string
	// Inline is the content itself.
	Inline string
}

// Healthcheck is Compose's. A zero field is the engine's default.
type Healthcheck struct {
	// Test is CMD and the words of a command, CMD-SHELL and one command line, or NONE.
	Test                                          []string
	Interval, Timeout, StartPeriod, StartInterval time.Duration
	Retries                                       int
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
	// Secrets are what RUN --mount=type=secret can use, by their id. They are in no layer and no part of a key.
	Secrets map[string]Content
	// SSH are what RUN --mount=type=ssh can use: an id, or ID=PATH of a socket or a key.
	SSH []string
	// ExtraHosts are NAME:ADDRESS; Network is the mode of RUN's network; Labels are put on the image.
	ExtraHosts []string
	Network    string
	ShmSize    int64 // bytes, 0: BuildKit's default
	Ulimits    map[string]Ulimit
	Labels     map[string]string
	// Entitlements are what the build may do beyond the usual, such as security.insecure.
	Entitlements []string
}

// Ready says when a service is ready: when each probe that is given succeeds. A service without any is ready as soon as
// it runs.
type Ready struct {
	MySQL *MySQL
	HTTP  *HTTP
	TCP   *TCP
	Exec  *Exec
	// Ports are published ports that must answer: with HTTP if they speak it. They are what counts for a service that
	// does not say when it is ready.
	Ports []int
	// Implied reports that the stack does not say when the service is ready, so that the rest follows from what else it
	// says.
	Implied bool
	// Image reports that the image's own health check counts in place of the probes, if the image has one.
	Image bool
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
	// Scheme is "" for http, or https, whose certificate is not verified.
	Scheme string
	// Host is what the request names as its host, "" for the address that is asked.
	Host    string
	Headers map[string]string
	// Follow reports whether redirects within the service are followed.
	Follow bool
}

// Exec is a command in the running container that must end with 0.
type Exec struct {
	// Command is what is run; when Shell is set it is one command line for the image's shell.
	Command []string
	Shell   bool
	// Timeout is how long one try may take, 0 for 30 seconds, docker's own.
	Timeout time.Duration
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

// Step is a command of the bootstrap, or of each start.
type Step struct {
	Service string
	Command []string
	// Exec reports that the command runs in the service's container while the service itself is up, and not in one of its
	// own.
	Exec bool
	// Checkpoint reports that what the steps of the bootstrap have made so far is kept for others that begin with the same.
	Checkpoint bool `json:",omitempty"`
	// Entrypoint, User and WorkingDir replace the service's when they are set.
	Entrypoint       []string
	User, WorkingDir string
	Environment      map[string]string // on top of the service's
	Timeout          time.Duration     // 0 when the step does not say
}

// URL is the address of the application.
type URL struct {
	Service string
	Port    int // of the container
	// Path is what follows the host and port in the address, "" or beginning with a slash.
	Path string
	// Environment is set on the service at every start. The values are templates.
	Environment map[string]string
}
