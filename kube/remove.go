package kube

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/docker-bmo/docker-bmo/internal/label"
)

// removeTime limits the removal of one instance, in addition to its grace period, and nodeTime how long its node may take:
// one that is gone never says that the Pod has ended.
const (
	removeTime = time.Minute
	nodeTime   = 20 * time.Second
)

// removePause is how often it is looked whether an instance is gone.
var removePause = 200 * time.Millisecond

// Remove removes an instance with everything that belongs to it, and returns when it is gone. Its containers have grace to
// end by themselves, at least a second. It is no error if there is none of that name.
func (c *Cluster) Remove(ctx context.Context, name string, grace time.Duration) error {
	c.release(name)
	ctx, cancel := context.WithTimeout(ctx, grace+removeTime)
	defer cancel()
	if err := c.remove(ctx, name, grace); err != nil {
		return fmt.Errorf("remove instance %s: %w", name, err)
	}
	return nil
}

func (c *Cluster) remove(ctx context.Context, name string, grace time.Duration) error {
	seconds := max(1, int64(grace.Seconds()))
	if grace > 0 { // what removes the Job also removes the Pod, in its own time
		if err := c.removePods(ctx, name, seconds); err != nil {
			return err
		}
		if err := c.awaitGone(ctx, name, grace+nodeTime); err != nil {
			return err
		}
	}
	object, job := objectName(name), metav1.DeletePropagationBackground
	if err := ignoreGone(c.api.jobs().Delete(ctx, object, metav1.DeleteOptions{PropagationPolicy: &job})); err != nil {
		return c.explain(err, "delete", "jobs.batch")
	}
	if err := c.removePods(ctx, name, seconds); err != nil {
		return err
	}
	if err := ignoreGone(c.api.services().Delete(ctx, object, metav1.DeleteOptions{})); err != nil {
		return c.explain(err, "delete", "services")
	}
	if err := ignoreGone(c.api.secrets().Delete(ctx, object, metav1.DeleteOptions{})); err != nil {
		return c.explain(err, "delete", "secrets")
	}
	return c.awaitGone(ctx, name, nodeTime)
}

func ignoreGone(err error) error {
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

func (c *Cluster) pods(ctx context.Context, name string) ([]corev1.Pod, error) {
	list, err := c.api.pods().List(ctx, metav1.ListOptions{LabelSelector: selectorOf(name)})
	if err != nil {
		return nil, c.explain(err, "list", "pods")
	}
	return list.Items, nil
}

func (c *Cluster) removePods(ctx context.Context, name string, grace int64) error {
	pods, err := c.pods(ctx, name)
	for _, p := range pods {
		within := grace
		if driven(&p) || nodeLost(&p) {
			within = 0 // its node says nothing any more: the cluster forgets it
		}
		err = ignoreGone(c.api.pods().Delete(ctx, p.Name, metav1.DeleteOptions{GracePeriodSeconds: &within}))
		if err != nil {
			return c.explain(err, "delete", "pods")
		}
	}
	return err
}

// awaitGone returns when the instance's Pod is gone. One whose node does not say so in time is taken for gone: the cluster
// forgets it, and the node ends it when it is back.
func (c *Cluster) awaitGone(ctx context.Context, name string, within time.Duration) error {
	for began := time.Now(); ; {
		pods, err := c.pods(ctx, name)
		if err != nil || len(pods) == 0 {
			return err
		}
		if time.Since(began) > within {
			return c.removePods(ctx, name, 0)
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(removePause):
		}
	}
}

// orphanTime is after how long a Service that belongs to no Job is taken for what a start has left that was killed between
// the two.
var orphanTime = 15 * time.Minute

// Sweep removes what the cluster does not remove by itself: Services of starts that were killed before there was a Job. It
// tells warn of what it cannot do, and goes on. Who has no right to see Services has made none.
func (c *Cluster) Sweep(ctx context.Context, warn func(error)) {
	list, err := c.api.services().List(ctx, metav1.ListOptions{LabelSelector: label.Role + "=" + label.RoleInstance})
	if err != nil {
		return
	}
	for _, s := range list.Items {
		applied := s.Annotations[label.Owner] == "" // by hand, from a manifest
		if len(s.OwnerReferences) > 0 || applied || time.Since(s.CreationTimestamp.Time) < orphanTime {
			continue
		}
		if err := ignoreGone(c.api.services().Delete(ctx, s.Name, metav1.DeleteOptions{})); err != nil {
			warn(fmt.Errorf("the Service %s, which a start has left, is not removed: %w", s.Name, plain(err)))
		}
	}
}
