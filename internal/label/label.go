// Package label has every label that docker bmo puts on objects of the engine, and the names that stand in for labels.
package label

import "strings"

// Prefix begins every label of ours. This file is their only source.
const Prefix = "docker-bmo."

// Labels of snapshots, of the images on the way to them, and of containers and networks.
const (
	// Role says what an object is for: one of the Role constants.
	Role = Prefix + "role"
	// Key is the key of the snapshot that the object is, or works for.
	Key = Prefix + "key"
	// Inputs is the digest of everything in the key but the identity of the base images; it can be computed
	// without asking anybody, and so finds the snapshot of unchanged inputs.
	Inputs = Prefix + "inputs"
	// Stack is the stack's name.
	Stack = Prefix + "stack"
	// Service is the service that an image or container is for.
	Service = Prefix + "service"
	// Services is the set of services, sorted, separated by commas. A snapshot without one of them is no snapshot.
	Services = Prefix + "services"
	// Created is when the snapshot or instance was made, in RFC 3339 with nanoseconds, UTC. The images of one
	// snapshot share it to the letter.
	Created = Prefix + "created"
	// Version is the version of docker bmo.
	Version = Prefix + "version"
	// Context, followed by a context's name, is that context's digest.
	Context = Prefix + "context."
	// Parent is the identifier of the image before bootstrap.
	Parent = Prefix + "parent"
	// Source is where the application's source came from, when that was a Git URL.
	Source = Prefix + "source"
	// Bases are the names of the base images that the build resolved, sorted, separated by commas.
	Bases = Prefix + "bases"
	// Instance is the name of the instance that a container or network belongs to.
	Instance = Prefix + "instance"
	// URL is the application's address, on the container that serves it.
	URL = Prefix + "url"
	// Port is the container's port that the application's address leads to, on the container that serves it.
	Port = Prefix + "port"
	// Forward is on containers whose ports are forwarded from the machine that started them: PORT:PUBLIC, ...
	Forward = Prefix + "forward"
	// Lead is "true" on the container whose name reports whether its instance is ready.
	Lead = Prefix + "lead"
	// Flavor is the flavor that a container runs in.
	Flavor = Prefix + "flavor"
	// Detached is "true" on instances that outlive the command that started them.
	Detached = Prefix + "detached"
	// Owner is the process that an object lives and dies with; see Owner.
	Owner = Prefix + "owner"
)

// Values of Role.
const (
	// RoleSnapshot marks the images of a snapshot.
	RoleSnapshot = "snapshot"
	// RoleBuilt marks images as BuildKit made them, while their bootstrap is under way.
	RoleBuilt = "built"
	// RoleRaw marks committed images that are not sealed yet.
	RoleRaw = "raw"
	// RoleBootstrap marks containers and networks of a bootstrap.
	RoleBootstrap = "bootstrap"
	// RoleInstance marks containers and networks of an instance.
	RoleInstance = "instance"
)

// startingSuffix marks the name of an instance's lead container until the instance is ready. Labels cannot be changed
// once a container is made; its name can, and in one step.
const startingSuffix = "-starting"

// StartingName is a container's name while its instance is starting.
func StartingName(name string) string { return name + startingSuffix }

// IsStarting reports whether a lead container's name says that its instance is starting.
func IsStarting(name string) bool { return strings.HasSuffix(name, startingSuffix) }
