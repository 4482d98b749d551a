// Package kube starts, lists and removes running copies of a snapshot on a Kubernetes cluster. Each is one Pod: services are
// its containers, which find one another by name, since the names lead to the Pod itself. The Pod belongs to a Job, which is
// also the time limit: the process that lives with the instance moves the Job's deadline on, and without that the cluster
// ends and removes it. Everything else that an instance has belongs to the Job. Nothing of ours runs in the cluster.
//
// This package is not API: it can change at any time. Programs use bmo.
package kube

import (
	"sync"

	"github.com/go-logr/logr"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
)

// Cluster is a namespace of a Kubernetes cluster.
type Cluster struct {
	// Context is the name of the kubeconfig's context, "" within a cluster. Namespace is where the instances are.
	Context, Namespace string

	api   api
	rest  *rest.Config
	clock *clock

	mu   sync.Mutex
	held map[string]*held // what this process has of instances that it has started
}

// Config says which cluster is meant.
type Config struct {
	// Files are kubeconfig files, each laid over those after it, as kubectl does with KUBECONFIG.
	Files []string
	// Context and Namespace replace those of the files; empty for them.
	Context, Namespace string
}

// requests are how many requests a second a client may make, and burst how many at once. The library's own 5 and 10 are for
// controllers; the API server's fairness limits what is too much.
const requests, burst = 100, 200

// Open reads the kubeconfig. Without any file it is the cluster that this process runs in, as for kubectl. The cluster is
// not asked for anything yet.
func Open(c Config) (*Cluster, error) {
	rules := &clientcmd.ClientConfigLoadingRules{Precedence: c.Files, DoNotResolvePaths: false}
	raw, err := rules.Load()
	if err != nil {
		return nil, badConfig(err)
	}
	if c.Context == "" {
		c.Context = raw.CurrentContext
	}
	if len(raw.Clusters) == 0 && c.Context == "" {
		return openWithin(c)
	}
	if err := checkContext(raw, c); err != nil {
		return nil, err
	}
	client := clientcmd.NewNonInteractiveClientConfig(*raw, c.Context, &clientcmd.ConfigOverrides{}, rules)
	cfg, err := client.ClientConfig()
	if err != nil {
		return nil, badConfig(err)
	}
	if c.Namespace == "" {
		if c.Namespace, _, err = client.Namespace(); err != nil {
			return nil, badConfig(err)
		}
	}
	return open(cfg, c)
}

// openWithin opens the cluster that this process runs in.
func openWithin(c Config) (*Cluster, error) {
	cfg, err := rest.InClusterConfig()
	if err != nil {
		return nil, noConfig(c.Files)
	}
	if c.Namespace == "" {
		c.Namespace = ownNamespace()
	}
	return open(cfg, c)
}

// quiet keeps the library from printing: what matters of what it would say comes back as an error.
var quiet = sync.OnceFunc(func() { klog.SetLogger(logr.Discard()) })

func open(cfg *rest.Config, c Config) (*Cluster, error) {
	quiet()
	if err := checkNamespace(c.Namespace); err != nil {
		return nil, err
	}
	cfg = rest.CopyConfig(cfg)
	cfg.QPS, cfg.Burst = requests, burst
	cfg.UserAgent = userAgent()
	cfg.WarningHandler = rest.NoWarnings{}
	own, clock := rest.CopyConfig(cfg), &clock{}
	own.Wrap(clock.watch)
	api, err := newAPI(own, c.Namespace)
	if err != nil {
		return nil, badConfig(err)
	}
	return &Cluster{Context: c.Context, Namespace: c.Namespace, api: api, rest: cfg, clock: clock}, nil
}

// Host is the address of the cluster's API.
func (c *Cluster) Host() string { return c.rest.Host }
