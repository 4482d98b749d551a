// Package label defines every label that docker bmo sets on objects of the engine, and the names that replace labels.
package label

import "strings"

// Prefix begins every label of docker bmo. This file is their only source.
const Prefix = "docker-bmo."

// Labels of snapshots, of the intermediate images, and of containers, networks and volumes.
const (
	// Role says what an object is for: one of the Role constants.
	Role = Prefix + "role"
	// Key is the key of the snapshot that the object is, or belongs to.
	Key = Prefix + "key"
	// Inputs is the digest of everything in the key except the identity of the base images; it can be computed without
	// asking a registry or an engine, and so finds the snapshot of unchanged inputs.
	Inputs = Prefix + "inputs"
	// Stack is the stack's name.
	Stack = Prefix + "stack"
	// Service is the service that an image or container is for.
	Service = Prefix + "service"
	// Services is the set of services, sorted, separated by commas, and of the carriers of volumes (see Volume) after
	// them. A set of images without one of them is incomplete.
	Services = Prefix + "services"
	// Created is when the snapshot or instance was made, in RFC 3339 with nanoseconds, UTC. All images of a snapshot have
	// exactly the same value.
	Created = Prefix + "created"
	// Version is the version of docker bmo.
	Version = Prefix + "version"
	// Config, followed by a service's name, is the digest of what the stack's file says of it; Steps, BuildArgs and Remote
	// are those of the bootstrap's steps, the build arguments and the addresses of contexts. They tell what has changed.
	Config    = Prefix + "config."
	Steps     = Prefix + "steps"
	BuildArgs = Prefix + "build-args"
	Remote    = Prefix + "remote"
	// Files lists the files of all contexts, and Start is what a start needs of the stack, sealed with a key of the user who
	// made the snapshot. Only one image of a snapshot has them.
	Files = Prefix + "files"
	Start = Prefix + "start"
	// Context, followed by a context's name, is that context's digest.
	Context = Prefix + "context."
	// Parent is the identifier of the image before bootstrap, or before the instance that was committed.
	Parent = Prefix + "parent"
	// BuiltLayers is how many of the image's layers the image before bootstrap, or before the instance that was committed, has.
	BuiltLayers = Prefix + "built-layers"
	// Data is on the images of a snapshot that was not bootstrapped for its platform: the key and the platform of the one
	// whose data it has.
	Data = Prefix + "data"
	// Source is where the application's source came from, when that was a Git URL.
	Source = Prefix + "source"
	// Bases are the names of the base images that the build resolved, sorted, separated by commas.
	Bases = Prefix + "bases"
	// BaseDigests are the same with the digest of each one's configuration, NAME=DIGEST, StepDigests the steps of the bootstrap
	// in their order, SERVICE=DIGEST, and Checkpoint is the key of the checkpoint that the bootstrap has gone on from. They
	// are for those who ask what a snapshot was made of; nothing is found by them.
	BaseDigests = Prefix + "base-digests"
	StepDigests = Prefix + "step-digests"
	Checkpoint  = Prefix + "checkpoint"
	// Name is the name that a snapshot was given, From the key of the snapshot that its instance was started from, or that its
	// bootstrap went on from, and Drift what the stack had become by then that From was not made of.
	Name  = Prefix + "name"
	From  = Prefix + "from"
	Drift = Prefix + "drift"
	// AfterStep is on a checkpoint's images: how many of the bootstrap's steps it has behind it.
	AfterStep = Prefix + "after-step"
	// CommitOf is the name of the instance that is being committed, on the container whose name is the lock for that.
	CommitOf = Prefix + "commit-of"
	// Instance is the name of the instance that a container, network or volume belongs to.
	Instance = Prefix + "instance"
	// URL is the application's address, on the container that serves it.
	URL = Prefix + "url"
	// Path is what follows host and port in the application's address, on the container that serves it.
	Path = Prefix + "path"
	// MayEnd is "true" on containers that have done their work when they end with exit code 0.
	MayEnd = Prefix + "may-end"
	// Port is the container's port that the application's address leads to, on the container that serves it.
	Port = Prefix + "port"
	// Forward is on containers whose ports are forwarded from the machine that started them: PORT:PUBLIC, ...
	Forward = Prefix + "forward"
	// Lead is "true" on the container whose name shows whether its instance is ready.
	Lead = Prefix + "lead"
	// Flavor is the flavor that a container runs in.
	Flavor = Prefix + "flavor"
	// Env are the names of the variables that the user has set, sorted, separated by commas, on the container that has them;
	// Live is "true" on containers of an instance that has the project's own files mounted.
	Env  = Prefix + "env"
	Live = Prefix + "live"
	// Detached is "true" on instances that outlive the command that started them.
	Detached = Prefix + "detached"
	// Owner is the process with which an object ends; see package owner.
	Owner = Prefix + "owner"
	// Record is the identifier of the record of what becomes of a container; see package journal.
	Record = Prefix + "record"
	// Pool is the identifier of a pool, on what belongs to it, and PoolSize the number of instances that it is to hold.
	Pool     = Prefix + "pool"
	PoolSize = Prefix + "pool.size"
	// Match is on the instances of a pool: a digest of all that a run of the same would ask for. The beginning of it is a label of a
	// cluster's Job as long as that waits.
	Match = Prefix + "match"
	// Ready is "true" on the Job of an instance on a cluster, of which all probes have succeeded. Ports, as JSON, says by service
	// and port at which ports of Host the instance is reached.
	Ready = Prefix + "ready"
	Ports = Prefix + "ports"
	Host  = Prefix + "host"
	// Token tells who has taken an instance out of its pool, or a checkpoint's lock, by a random text.
	Token = Prefix + "token"
	// Remade is "true" on a volume that the engine has made for a container because somebody had removed the one that was there
	// for it, with what was in it.
	Remade = Prefix + "remade"
	// Relay is on containers that are no service but lead to one: the identifier of that service's container.
	Relay = Prefix + "relay"
)

// Values of Role.
const (
	// RoleSnapshot marks the images of a snapshot.
	RoleSnapshot = "snapshot"
	// RoleCheckpoint marks the images of a checkpoint: a snapshot of a bootstrap that was not at its end.
	RoleCheckpoint = "checkpoint"
	// RoleBuilt marks images as BuildKit made them, during their bootstrap.
	RoleBuilt = "built"
	// RoleRaw marks committed images that are not sealed yet.
	RoleRaw = "raw"
	// RoleBootstrap marks containers, networks and volumes of a bootstrap. One of the volumes is the lock of a checkpoint that
	// the bootstrap makes, and has its key.
	RoleBootstrap = "bootstrap"
	// RoleCommit marks the container, never started, whose name is the lock of an instance's commit.
	RoleCommit = "commit"
	// RoleInstance marks containers, networks and volumes of an instance.
	RoleInstance = "instance"
	// RolePool marks the volume, or on a cluster the Job, that says of a pool that it is to be there.
	RolePool = "pool"
	// RoleClaim marks the volume that says of an instance of a pool who has taken it. Its Owner and Detached count, those of
	// the containers do not any more.
	RoleClaim = "claim"
)

// volumePrefix begins what the carrier of a volume has in place of a service. No service has a colon in its name.
const volumePrefix = "volume:"

// Volume returns what an image that carries a volume's content, and a container that fills a volume from one, have in
// place of a service.
func Volume(name string) string { return volumePrefix + name }

// VolumeName returns the volume that Volume stands for; ok is false for a service.
func VolumeName(service string) (name string, ok bool) {
	return strings.CutPrefix(service, volumePrefix)
}

// OfRelay returns the labels of a container that leads to the one with the given identifier and labels. It goes with
// whatever that one belongs to, and is no service, although its image has that label.
func OfRelay(to string, labels map[string]string) map[string]string {
	l := map[string]string{Relay: to, Service: ""}
	for _, k := range []string{Role, Key, Stack, Instance, Flavor, Created, Detached, Owner} {
		if v, ok := labels[k]; ok {
			l[k] = v
		}
	}
	return l
}

// IsRelay reports whether a container's labels are those that OfRelay returns.
func IsRelay(labels map[string]string) bool { return labels[Relay] != "" }

// startingSuffix marks the name of an instance's lead container until the instance is ready. Labels cannot be changed
// once a container is created; its name can, atomically.
const startingSuffix = "-starting"

// StartingName returns a container's name while its instance is starting.
func StartingName(name string) string { return name + startingSuffix }

// IsStarting reports whether a lead container's name says that its instance is starting.
func IsStarting(name string) bool { return strings.HasSuffix(name, startingSuffix) }

// pooledSuffix marks the name of the lead container of an instance that waits in a pool.
const pooledSuffix = "-pooled"

// PooledName returns a container's name while its instance waits in a pool.
func PooledName(name string) string { return name + pooledSuffix }

// IsPooled reports whether a lead container's name says that its instance waits in a pool.
func IsPooled(name string) bool { return strings.HasSuffix(name, pooledSuffix) }

// ClaimName returns the name of the volume that says who has taken an instance out of its pool.
func ClaimName(instance string) string { return "docker-bmo-" + instance + "-claim" }
