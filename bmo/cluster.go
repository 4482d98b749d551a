package bmo

import (
	"context"
	"fmt"
	"time"

	"github.com/docker-bmo/docker-bmo/instance"
	"github.com/docker-bmo/docker-bmo/kube"
	"github.com/docker-bmo/docker-bmo/progress"
)

// Cluster works on one namespace of a Kubernetes cluster. Its methods are those of Client, with the same results; a snapshot
// that is missing in its repository is made on the client's engine. It is safe for concurrent use.
type Cluster struct {
	client *Client
	kube   *kube.Cluster
}

// ClusterOptions say which cluster is meant.
type ClusterOptions struct {
	// Target is kubernetes[://CONTEXT[/NAMESPACE]]; what it leaves out is the kubeconfig's.
	Target string
	// Kubeconfig are the files that kubectl would read, in its order. Without any of them it is the cluster that this process
	// runs in.
	Kubeconfig []string
}

// CheckTarget returns an error for a Target that names no cluster.
func CheckTarget(target string) error {
	_, _, err := kube.ParseTarget(target)
	return err
}

// ClusterScheme is what a Target begins with.
const ClusterScheme = kube.Scheme

// ServiceTypes are the kinds of Services by which a detached instance on a cluster can be reached; the first one is the
// default.
func ServiceTypes() []string { return kube.ServiceTypes }

// Kinds of errors of a cluster, for errors.As.
type (
	// ClusterUnreachableError says that the cluster's API could not be asked.
	ClusterUnreachableError = kube.UnreachableError
	// ClusterRightError says what the cluster does not let its user do.
	ClusterRightError = kube.RightError
)

// OnKubernetes returns a cluster, which is not asked for anything yet.
func (c *Client) OnKubernetes(o ClusterOptions) (*Cluster, error) {
	context, namespace, err := kube.ParseTarget(o.Target)
	if err != nil {
		return nil, err
	}
	k, err := kube.Open(kube.Config{Files: o.Kubeconfig, Context: context, Namespace: namespace})
	if err != nil {
		return nil, err
	}
	return &Cluster{client: c, kube: k}, nil
}

// String is the cluster as a Target.
func (k *Cluster) String() string { return k.kube.String() }

// List returns the instances that pass the filter, newest first.
func (k *Cluster) List(ctx context.Context, f InstanceFilter) ([]Instance, error) {
	list, err := k.kube.List(ctx)
	if err != nil {
		return nil, err
	}
	return matching(list, f), nil
}

// Find returns the instance of that name.
func (k *Cluster) Find(ctx context.Context, name string) (*Instance, error) {
	return k.kube.Find(ctx, name)
}

// Inspect returns everything that is known of the instance of that name.
func (k *Cluster) Inspect(ctx context.Context, name string) (*InstanceDetail, error) {
	return k.kube.Inspect(ctx, name)
}

// Port returns the address, HOST:PORT, that a service's port (PORT or PORT/tcp) is reached at.
func (k *Cluster) Port(ctx context.Context, name, service, port string) (string, error) {
	i, err := k.Find(ctx, name)
	if err != nil {
		return "", err
	}
	return i.Address(service, port)
}

// Stop stops instances, as Client.Stop does.
func (k *Cluster) Stop(ctx context.Context, names []string, o StopOptions) error {
	list, err := k.kube.List(ctx)
	if err != nil {
		return err
	}
	k.kube.Sweep(ctx, k.client.warn)
	there := map[string]bool{}
	for _, i := range list {
		there[i.Name] = true
		if inPool := i.Pool != "" && (i.State == Paused || i.State == Starting); o.All && !inPool { // that goes with its pool
			names = append(names, i.Name)
		}
	}
	return instance.RemoveAll(ctx, names, func(ctx context.Context, name string) error {
		if !there[name] {
			return k.kube.NotFound(name)
		}
		return k.kube.Remove(ctx, name, o.Grace)
	}, o.Stopped)
}

// clusterRemoveTime is how long removing an instance of a cluster may take beyond its grace period: nodes that do not answer
// are waited for.
const clusterRemoveTime = 90 * time.Second

// Remove stops and removes instances that Run has returned, also after ctx has ended.
func (k *Cluster) Remove(ctx context.Context, list []*Instance, o StopOptions) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), o.Grace+clusterRemoveTime)
	defer cancel()
	names := make([]string, len(list))
	for n, i := range list {
		names[n] = i.Name
	}
	return instance.RemoveAll(ctx, names, func(ctx context.Context, name string) error {
		return o.Progress.Step(ctx, "stop "+name, func(ctx context.Context, log *progress.Log) error {
			if o.Grace > 0 {
				log.SetStatus(fmt.Sprintf("waiting for its services to end, for %s at most", o.Grace), "")
			}
			return k.kube.Remove(ctx, name, o.Grace)
		})
	}, o.Stopped)
}
