package bmo

import (
	"time"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/instance"
	"github.com/docker-bmo/docker-bmo/prune"
	"github.com/docker-bmo/docker-bmo/snapshot"
)

// What the methods of Client take and return, by the names that this package's documentation uses.
type (
	// Snapshot is a set of committed images, one for each service of a stack, under one key.
	Snapshot = snapshot.Snapshot
	// SnapshotDetail is everything that is known of a snapshot.
	SnapshotDetail = snapshot.Detail
	// SnapshotFilter narrows a listing of snapshots.
	SnapshotFilter = snapshot.Filter
	// Instance is one isolated running copy of a snapshot.
	Instance = instance.Instance
	// InstanceDetail is everything that is known of an instance.
	InstanceDetail = instance.Detail
	// InstanceFilter narrows a listing of instances.
	InstanceFilter = instance.Filter
	// State says whether an instance is starting, ready or broken.
	State = instance.State
	// Policy says which snapshots Prune removes.
	Policy = prune.Policy
	// PolicyFilter narrows a Policy.
	PolicyFilter = prune.Filter
	// Report says what was removed.
	Report = prune.Report
)

// States of an instance.
const (
	Starting = instance.Starting
	Ready    = instance.Ready
	Paused   = instance.Paused
	Broken   = instance.Broken
)

// Loopback is the address that ports are published on.
const Loopback = engine.Loopback

// ParseState returns the state of that name.
func ParseState(s string) (State, error) { return instance.ParseState(s) }

// ParseTime reads a point in time as docker's filters have it: a timestamp, or a duration before now.
func ParseTime(s string, now time.Time) (time.Time, error) { return engine.ParseTime(s, now) }

// CheckName returns an error for a name that no instance can have; the empty one stands for a name made up.
func CheckName(name string) error { return instance.CheckName(name) }

// CheckSnapshotName returns an error for a name that no snapshot can have; the empty one stands for none.
func CheckSnapshotName(name string) error { return snapshot.CheckName(name) }

// ShortKey is a snapshot's key as commands show it, its first twelve characters.
func ShortKey(key string) string { return snapshot.Short(key) }
