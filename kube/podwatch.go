package kube

import (
	"context"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/docker-bmo/docker-bmo/internal/label"
)

// podWatch knows the Pod of an instance as it is.
type podWatch struct {
	c        *Cluster
	selector string

	mu      sync.Mutex
	pod     *corev1.Pod
	met     bool // whether there has been one
	listed  bool // whether the cluster has said if there is one
	failed  error
	changed chan struct{} // closed when something changes
}

// watchPause is how long a watch rests that could not be made, and watchTries how often in a row that may be.
var watchPause = time.Second

const watchTries = 20

// selectorOf selects what belongs to an instance.
func selectorOf(name string) string {
	return label.Role + "=" + label.RoleInstance + "," + label.Instance + "=" + name
}

// watchPod watches the Pod of an instance, until ctx ends. pod is what has been seen of it already, nil for nothing.
func (c *Cluster) watchPod(ctx context.Context, name string, pod *corev1.Pod) *podWatch {
	return c.startWatch(ctx, &podWatch{selector: selectorOf(name), pod: pod, met: pod != nil, listed: pod != nil})
}

// watchMet is watchPod of an instance whose Pod has been met, but may be gone by now.
func (c *Cluster) watchMet(ctx context.Context, name string) *podWatch {
	return c.startWatch(ctx, &podWatch{selector: selectorOf(name), met: true})
}

func (c *Cluster) startWatch(ctx context.Context, w *podWatch) *podWatch {
	w.c, w.changed = c, make(chan struct{})
	go w.run(ctx)
	return w
}

func (w *podWatch) run(ctx context.Context) {
	for failed := 0; ctx.Err() == nil; {
		began := time.Now()
		err := w.once(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err == nil || time.Since(began) > time.Minute:
			failed = -1
		case apierrors.IsForbidden(err) || apierrors.IsUnauthorized(err):
			failed = watchTries
		}
		if failed++; failed >= watchTries {
			w.set(func() { w.failed = err })
			return
		}
		if failed == 0 && time.Since(began) > watchPause {
			continue // the cluster ends a watch from time to time
		}
		select {
		case <-ctx.Done():
		case <-time.After(watchPause):
		}
	}
}

// once lists and watches, until the connection ends.
func (w *podWatch) once(ctx context.Context) error {
	pods := w.c.api.pods()
	list, err := pods.List(ctx, metav1.ListOptions{LabelSelector: w.selector})
	if err != nil {
		return w.c.explain(err, "list", "pods")
	}
	w.see(newest(list.Items))
	stream, err := pods.Watch(ctx, metav1.ListOptions{LabelSelector: w.selector, ResourceVersion: list.ResourceVersion})
	if err != nil {
		return w.c.explain(err, "watch", "pods")
	}
	defer stream.Stop()
	for event := range stream.ResultChan() {
		pod, ok := event.Object.(*corev1.Pod)
		if !ok {
			return apierrors.FromObject(event.Object) // such as a version that is too old: list again
		}
		if event.Type == watch.Deleted {
			pod = nil
		}
		w.see(pod)
	}
	return nil
}

// newest returns the Pod that was made last, nil if there is none.
func newest(pods []corev1.Pod) (pod *corev1.Pod) {
	for i := range pods {
		if pod == nil || pod.CreationTimestamp.Before(&pods[i].CreationTimestamp) {
			pod = &pods[i]
		}
	}
	return pod
}

func (w *podWatch) see(pod *corev1.Pod) {
	w.set(func() { w.pod, w.met, w.listed = pod, w.met || pod != nil, true })
}

func (w *podWatch) set(change func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change()
	close(w.changed)
	w.changed = make(chan struct{})
}

// until calls look with the Pod, nil while there is none, whenever it has changed, until look says that it is done or
// returns an error. gone reports that there has been one.
func (w *podWatch) until(ctx context.Context, look func(pod *corev1.Pod, gone bool) (done bool, err error)) error {
	for {
		w.mu.Lock()
		pod, gone, failed, changed := w.pod, w.met && w.listed && w.pod == nil, w.failed, w.changed
		w.mu.Unlock()
		if failed != nil {
			return failed
		}
		done, err := look(pod, gone)
		if done || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-changed:
		}
	}
}
