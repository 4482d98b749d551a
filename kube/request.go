package kube

import (
	"time"

	"github.com/docker-bmo/docker-bmo/instance"
	"github.com/docker-bmo/docker-bmo/progress"
	"github.com/docker-bmo/docker-bmo/snapshot"
	"github.com/docker-bmo/docker-bmo/stack"
)

// Request describes the instance to start. Fields that instance.Request has, too, mean the same.
type Request struct {
	Stack *stack.Stack
	// Snapshot is the one to start; its images are in Images.
	Snapshot snapshot.Snapshot
	// Images are the snapshot's, in its repository, by service.
	Images map[string]Image
	Flavor string
	Name   string
	Detach bool
	// Match is the digest of all that an instance is made from: one that waits in a pool and has the same is as good as a new one.
	// Start takes such an instance, if there is one, unless Pool or Name is given. Empty for none.
	Match string
	// Pool, if not nil, is the pool that the instance is to wait in.
	Pool *Pool
	// Owner is for people: the cluster decides by the Job's deadline.
	Owner       string
	Environment map[string]string
	Publish     []instance.Publish
	// ServiceType is that of the Service of a detached instance, one of ServiceTypes; empty for the first.
	ServiceType string
	// Pull is what the cluster needs to get the images; the zero value for nothing.
	Pull Credentials
	// Timeout is how long each probe of a service may take, Within how long all may together, from the request on.
	Timeout, Within time.Duration
	Warn            func(error)
	Title           string
	Progress        *progress.Printer
}

// Image is one of a snapshot's images as the cluster gets it.
type Image struct {
	// Reference is REPOSITORY@DIGEST.
	Reference string
	// Architecture is what the image is for, as Go calls it.
	Architecture string
	// User is whom the image's processes run as, and Entrypoint what they begin with; Environment has NAME=VALUE.
	User                    string
	Entrypoint, Environment []string
	// Health, HealthTimeout and Shell are those of engine.Image.
	Health        []string
	HealthTimeout time.Duration
	Shell         []string
}

// Credentials are those of a registry.
type Credentials struct {
	Registry, Username, Password, IdentityToken, RegistryToken string
}

// ServiceTypes are the kinds of Services that a detached instance can have; the first one is the default.
var ServiceTypes = []string{"ClusterIP", "NodePort", "LoadBalancer"}

// DefaultTimeout is the Timeout of a Request that has none.
const DefaultTimeout = time.Minute

func (r Request) defaults() Request {
	if r.Flavor == "" {
		r.Flavor = stack.DefaultFlavor
	}
	if r.Timeout == 0 {
		r.Timeout = DefaultTimeout
	}
	if r.ServiceType == "" {
		r.ServiceType = ServiceTypes[0]
	}
	return r
}

// patience is how long a service may take to become ready.
func (r Request) patience(s stack.Service) time.Duration {
	switch {
	case r.Within > 0:
		return r.Within
	case s.Ready.Timeout != 0:
		return s.Ready.Timeout
	default:
		return r.Timeout
	}
}
