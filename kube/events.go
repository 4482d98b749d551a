package kube

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/docker-bmo/docker-bmo/instance"
	"github.com/docker-bmo/docker-bmo/internal/label"
)

// Event is something that happened to an instance: the cluster did it, or saw it.
type Event struct {
	Time time.Time
	// Type is "container", or what else the cluster calls the object: "pod", "job".
	Type string
	// Action is docker's word where it has one, else the cluster's reason in small letters.
	Action, Service, Actor string
	Attributes             map[string]string
}

// actions are docker's words for reasons of a cluster.
var actions = map[string]string{
	"Created": "create", "Started": "start", "Killing": "kill", "Pulled": "pull", "OOMKilling": "oom", "Evicted": "evict",
}

// Events calls show for what happened to an instance, in the order of time. It returns what FollowEvents goes on from.
func (c *Cluster) Events(ctx context.Context, i *instance.Instance, show func(Event)) (from EventsFrom, err error) {
	pods, err := c.pods(ctx, i.Name)
	if err != nil {
		return from, err
	}
	all, version, err := c.happened(ctx, i, pods)
	if err != nil {
		return from, err
	}
	for _, pod := range pods {
		all = append(all, ends(i, &pod, map[string]bool{})...)
	}
	slices.SortStableFunc(all, func(a, b Event) int { return a.Time.Compare(b.Time) })
	for _, e := range all {
		show(e)
	}
	return EventsFrom{pods, version}, nil
}

// EventsFrom is up to where Events has come.
type EventsFrom struct {
	pods    []corev1.Pod
	version string
}

// happened returns the cluster's events of an instance, and up to which version of them.
func (c *Cluster) happened(ctx context.Context, i *instance.Instance, pods []corev1.Pod) (all []Event, version string, err error) {
	list, err := c.api.events().List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, "", c.explain(err, "list", "events")
	}
	for _, e := range list.Items {
		if concerns(i, pods, &e) {
			all = append(all, eventOf(i, &e))
		}
	}
	return all, list.ResourceVersion, nil
}

// concerns reports whether an event is about an instance's Job or Pod.
func concerns(i *instance.Instance, pods []corev1.Pod, e *corev1.Event) bool {
	o := e.InvolvedObject
	if o.Kind == "Job" || o.Kind == "Service" {
		return o.Name == objectName(i.Name)
	}
	return o.Kind == "Pod" && slices.ContainsFunc(pods, func(p corev1.Pod) bool { return p.Name == o.Name })
}

func eventOf(i *instance.Instance, e *corev1.Event) Event {
	at := e.LastTimestamp.Time
	if e.EventTime.After(at) {
		at = e.EventTime.Time
	}
	if at.IsZero() {
		at = e.CreationTimestamp.Time
	}
	out := Event{Time: at.UTC(), Type: strings.ToLower(e.InvolvedObject.Kind), Actor: e.InvolvedObject.Name, Attributes: map[string]string{}}
	if _, rest, ok := strings.Cut(e.InvolvedObject.FieldPath, "{"); ok {
		container := strings.TrimSuffix(rest, "}")
		out.Type = "container"
		out.Service, out.Actor = serviceNamed(i, container), cmp.Or(i.Services[serviceNamed(i, container)], container)
	}
	out.Action = cmp.Or(actions[e.Reason], strings.ToLower(e.Reason))
	out.Attributes["message"] = e.Message
	if n := max(e.Count, seriesCount(e)); n > 1 {
		out.Attributes["times"] = strconv.Itoa(int(n))
	}
	return out
}

func seriesCount(e *corev1.Event) int32 {
	if e.Series == nil {
		return 0
	}
	return e.Series.Count
}

// serviceNamed returns the service of a container.
func serviceNamed(i *instance.Instance, container string) string {
	for service := range i.Services {
		if containerName(service) == container {
			return service
		}
	}
	return ""
}

// ends are the ends of a Pod's containers, which the cluster has no events of. Those that seen has are left out.
func ends(i *instance.Instance, pod *corev1.Pod, seen map[string]bool) (all []Event) {
	for service := range i.Services {
		st := statusOf(pod, service)
		if st == nil {
			continue
		}
		for _, end := range []*corev1.ContainerStateTerminated{st.LastTerminationState.Terminated, st.State.Terminated} {
			if end == nil || seen[end.ContainerID] {
				continue
			}
			seen[end.ContainerID] = true
			_, id, _ := strings.Cut(end.ContainerID, "://")
			e := Event{Time: end.FinishedAt.UTC(), Type: "container", Action: "die", Service: service, Actor: cmp.Or(id, containerName(service)), Attributes: map[string]string{
				"exitCode": strconv.Itoa(int(end.ExitCode)), "reason": end.Reason,
			}}
			if end.Message != "" {
				e.Attributes["message"] = end.Message
			}
			all = append(all, e)
		}
	}
	return all
}

// FollowEvents calls show for what happens to an instance, until ctx ends or the instance is gone.
func (c *Cluster) FollowEvents(ctx context.Context, i *instance.Instance, from EventsFrom, show func(Event)) error {
	own, cancel := context.WithCancel(ctx)
	defer cancel()
	shown, seen := make(chan Event), map[string]bool{}
	for _, pod := range from.pods {
		ends(i, &pod, seen)
	}
	follow := c.startWatch(own, &podWatch{selector: selectorOf(i.Name), met: len(from.pods) > 0})
	errs := make(chan error, 2)
	go func() { errs <- c.watchEvents(own, i, from.pods, from.version, shown) }()
	go func() {
		errs <- follow.until(own, func(pod *corev1.Pod, gone bool) (bool, error) {
			if pod == nil {
				return gone, nil
			}
			for _, e := range ends(i, pod, seen) {
				select {
				case shown <- e:
				case <-own.Done():
				}
			}
			return false, nil
		})
	}()
	for {
		select {
		case e := <-shown:
			show(e)
		case err := <-errs:
			return err
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func (c *Cluster) watchEvents(ctx context.Context, i *instance.Instance, pods []corev1.Pod, version string, shown chan<- Event) error {
	for ctx.Err() == nil {
		stream, err := c.api.events().Watch(ctx, metav1.ListOptions{ResourceVersion: version})
		if err != nil {
			return c.explain(err, "watch", "events")
		}
		for event := range stream.ResultChan() {
			e, ok := event.Object.(*corev1.Event)
			if !ok {
				stream.Stop()
				return fmt.Errorf("watch events: %v", event.Object)
			}
			version = e.ResourceVersion
			if event.Type == watch.Deleted || !concerns(i, pods, e) {
				continue
			}
			select {
			case shown <- eventOf(i, e):
			case <-ctx.Done():
			}
		}
		stream.Stop()
	}
	return context.Cause(ctx)
}

// Gone watches a ready instance until ctx ends, and then returns nil; it returns an error as soon as the instance cannot go
// on, with the service whose end that is, if it is one's.
func (c *Cluster) Gone(ctx context.Context, i *instance.Instance) (service string, err error) {
	w := c.watchMet(ctx, i.Name)
	err = w.until(ctx, func(pod *corev1.Pod, gone bool) (bool, error) {
		service, err = goneOf(i, pod, gone)
		return false, err
	})
	if ctx.Err() != nil {
		return "", nil
	}
	return service, err
}

// goneOf returns why an instance cannot go on, nil while it can.
func goneOf(i *instance.Instance, pod *corev1.Pod, gone bool) (service string, err error) {
	switch {
	case gone:
		return "", fmt.Errorf("instance %s is gone: its Pod was removed", i.Name)
	case pod == nil:
		return "", nil
	case driven(pod):
		return "", fmt.Errorf("instance %s is lost: its node %s does not answer", i.Name, pod.Spec.NodeName)
	}
	for _, service := range i.ServiceNames() {
		st := statusOf(pod, service)
		if st == nil {
			continue
		}
		end := cmp.Or(st.State.Terminated, st.LastTerminationState.Terminated)
		if end == nil || end.ExitCode == 0 && slices.Contains(i.MayEnd, service) {
			continue
		}
		if end.Reason == "OOMKilled" {
			return service, fmt.Errorf("service %s of instance %s was killed, out of memory", service, i.Name)
		}
		return service, fmt.Errorf("service %s of instance %s ended with exit code %d", service, i.Name, end.ExitCode)
	}
	switch {
	case pod.Status.Phase == corev1.PodFailed:
		return "", fmt.Errorf("instance %s is gone: %w", i.Name, podFailed(pod))
	case pod.DeletionTimestamp != nil:
		return "", fmt.Errorf("instance %s is gone: its Pod is being removed", i.Name)
	case nodeLost(pod):
		return "", fmt.Errorf("instance %s is lost: its node %s does not answer", i.Name, pod.Spec.NodeName)
	}
	return "", nil
}

// Running returns an error unless an instance can go on.
func (c *Cluster) Running(ctx context.Context, i *instance.Instance) error {
	jobs, pods, err := c.objects(ctx, selectorOf(i.Name))
	if err != nil {
		return err
	}
	if len(jobs) == 0 || len(pods) == 0 || jobs[0].Annotations[label.Ready] != "true" {
		return fmt.Errorf("instance %s is gone", i.Name)
	}
	_, err = goneOf(i, newest(pods), false)
	return err
}
