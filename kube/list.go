package kube

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/docker/go-units"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/docker-bmo/docker-bmo/instance"
	"github.com/docker-bmo/docker-bmo/internal/label"
)

// List returns all instances of the namespace, newest first.
func (c *Cluster) List(ctx context.Context) ([]instance.Instance, error) {
	return c.list(ctx, label.Role+"="+label.RoleInstance)
}

// Find returns the instance of that name.
func (c *Cluster) Find(ctx context.Context, name string) (*instance.Instance, error) {
	if name == "" || CheckName(name) != nil {
		return nil, c.NotFound(name)
	}
	list, err := c.list(ctx, selectorOf(name))
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, c.NotFound(name)
	}
	return &list[0], nil
}

func (c *Cluster) list(ctx context.Context, selector string) ([]instance.Instance, error) {
	jobs, pods, err := c.objects(ctx, selector)
	if err != nil {
		return nil, err
	}
	var out []instance.Instance
	for i := range jobs {
		out = append(out, instanceOf(&jobs[i], podOf(pods, jobs[i].Name), time.Now()))
	}
	slices.SortFunc(out, func(a, b instance.Instance) int {
		return cmp.Or(b.Created.Compare(a.Created), strings.Compare(a.Name, b.Name))
	})
	return out, nil
}

// objects are the Jobs of instances and their Pods. A Pod goes before its Job, so the Jobs are listed first.
func (c *Cluster) objects(ctx context.Context, selector string) ([]batchv1.Job, []corev1.Pod, error) {
	jobs, err := c.api.jobs().List(ctx, metav1.ListOptions{LabelSelector: selector})
	if err != nil {
		return nil, nil, c.explain(err, "list", "jobs.batch")
	}
	pods, err := c.api.pods().List(ctx, metav1.ListOptions{LabelSelector: selector})
	if err != nil {
		return nil, nil, c.explain(err, "list", "pods")
	}
	return jobs.Items, pods.Items, nil
}

// podOf returns the Pod of a Job, nil if it has none.
func podOf(pods []corev1.Pod, job string) *corev1.Pod {
	var own []corev1.Pod
	for _, p := range pods {
		if p.Labels[batchv1.JobNameLabel] == job {
			own = append(own, p)
		}
	}
	return newest(own)
}

// instanceOf returns the instance that a Job and its Pod are; pod is nil if there is none.
func instanceOf(job *batchv1.Job, pod *corev1.Pod, now time.Time) instance.Instance {
	facts := job.Annotations
	created, err := time.Parse(time.RFC3339Nano, facts[label.Created])
	if err != nil {
		created = job.CreationTimestamp.Time
	}
	i := instance.Instance{
		Name: facts[label.Instance], Key: facts[label.Key], Stack: facts[label.Stack], Flavor: facts[label.Flavor],
		Detached: facts[label.Detached] == "true", Created: created.UTC(), Services: map[string]string{}, MayEnd: words(facts[label.MayEnd]),
		Ports: map[string]map[int]int{}, URL: facts[label.URL], Labels: facts, Pool: facts[label.Pool],
	}
	_ = json.Unmarshal([]byte(facts[label.Ports]), &i.Ports) // of an instance that is not ready there are none
	i.Host = hostOf(i.URL, facts)
	for _, service := range words(facts[label.Services]) {
		i.Services[service] = containerID(pod, service)
	}
	i.State, i.Status = stateOf(job, pod, i.MayEnd, now)
	if i.State == instance.Ready && waits(job) {
		i.State, i.Status = instance.Paused, i.Status+" (Waiting)"
	}
	return i
}

func words(list string) []string {
	if list == "" {
		return nil
	}
	return strings.Split(list, ",")
}

// hostOf is the host that an instance is reached at.
func hostOf(address string, facts map[string]string) string {
	if host := facts[label.Host]; host != "" {
		return host
	}
	if u, err := url.Parse(address); err == nil && u.Hostname() != "" {
		return u.Hostname()
	}
	return loopback
}

// containerID returns the identifier of a service's container, or what it will be found by while it has none.
func containerID(pod *corev1.Pod, service string) string {
	if pod == nil {
		return ""
	}
	if st := statusOf(pod, service); st != nil && st.ContainerID != "" {
		_, id, _ := strings.Cut(st.ContainerID, "://")
		return id
	}
	return pod.Name + "/" + containerName(service)
}

// statusOf returns what the node says of a service's container, nil if it says nothing yet.
func statusOf(pod *corev1.Pod, service string) *corev1.ContainerStatus {
	return statusNamed(pod, containerName(service))
}

func statusNamed(pod *corev1.Pod, container string) *corev1.ContainerStatus {
	for _, list := range [][]corev1.ContainerStatus{pod.Status.ContainerStatuses, pod.Status.InitContainerStatuses} {
		for i := range list {
			if list[i].Name == container {
				return &list[i]
			}
		}
	}
	return nil
}

// stateOf returns an instance's state, and the same in docker's terms.
func stateOf(job *batchv1.Job, pod *corev1.Pod, mayEnd []string, now time.Time) (instance.State, string) {
	for _, c := range job.Status.Conditions {
		if c.Type == batchv1.JobFailed && c.Status == corev1.ConditionTrue && pod == nil {
			return instance.Broken, "Ended: " + c.Message
		}
	}
	ready := job.Annotations[label.Ready] == "true"
	switch {
	case pod == nil && ready:
		return instance.Broken, "Its Pod is gone"
	case pod == nil:
		return instance.Starting, "Starting"
	case driven(pod):
		return instance.Broken, "Its node " + pod.Spec.NodeName + " does not answer"
	case pod.DeletionTimestamp != nil:
		return instance.Broken, "Ending"
	}
	for _, service := range words(job.Annotations[label.Services]) {
		if text := endedText(pod, service, ready, slices.Contains(mayEnd, service), now); text != "" {
			return instance.Broken, text
		}
	}
	switch {
	case pod.Status.Phase == corev1.PodFailed || pod.Status.Phase == corev1.PodSucceeded:
		return instance.Broken, strings.TrimSuffix("Ended: "+cmp.Or(pod.Status.Message, pod.Status.Reason), ": ")
	case !ready || !allStarted(pod):
		return instance.Starting, "Starting"
	case nodeLost(pod):
		return instance.Broken, "Its node " + pod.Spec.NodeName + " does not answer"
	}
	return instance.Ready, "Up " + units.HumanDuration(now.Sub(startedAt(pod)))
}

// endedText says of a service's container that has ended how, "" of one that runs or may end.
func endedText(pod *corev1.Pod, service string, ready, mayEnd bool, now time.Time) string {
	st := statusOf(pod, service)
	if st == nil {
		return ""
	}
	if end := st.State.Terminated; end != nil && !(mayEnd && end.ExitCode == 0) {
		return fmt.Sprintf("Exited (%d) %s ago", end.ExitCode, units.HumanDuration(now.Sub(end.FinishedAt.Time)))
	}
	if end := st.LastTerminationState.Terminated; end != nil && ready {
		return fmt.Sprintf("Restarted (%d) %s ago: what it had written is gone", end.ExitCode, units.HumanDuration(now.Sub(end.FinishedAt.Time)))
	}
	return ""
}

// driven reports whether the cluster deletes a Pod since its node is lost, which the Pod tolerates for no time.
func driven(pod *corev1.Pod) bool {
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.DisruptionTarget && c.Status == corev1.ConditionTrue && c.Reason == "DeletionByTaintManager" {
			return true
		}
	}
	return false
}

// nodeLost reports whether the cluster has not heard of the Pod's node for a while: only then it calls a Pod not ready whose
// containers run.
func nodeLost(pod *corev1.Pod) bool {
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodReady && c.Status != corev1.ConditionTrue && allReady(pod) {
			return true
		}
	}
	return false
}

// allReady reports whether all containers that run were ready when the node was last heard of.
func allReady(pod *corev1.Pod) bool {
	for _, st := range pod.Status.ContainerStatuses {
		if st.State.Running != nil && !st.Ready {
			return false
		}
	}
	return len(pod.Status.ContainerStatuses) > 0
}

// allStarted reports whether the startup probes of all containers have succeeded, or the containers have done their work.
func allStarted(pod *corev1.Pod) bool {
	for _, st := range pod.Status.ContainerStatuses {
		if st.State.Terminated == nil && (st.Started == nil || !*st.Started) {
			return false
		}
	}
	return len(pod.Status.ContainerStatuses) > 0
}

// startedAt is when the last container was started.
func startedAt(pod *corev1.Pod) time.Time {
	at := pod.CreationTimestamp.Time
	for _, st := range pod.Status.ContainerStatuses {
		if r := st.State.Running; r != nil && r.StartedAt.After(at) {
			at = r.StartedAt.Time
		}
	}
	return at
}

// Inspect returns everything that is known of the instance of that name.
func (c *Cluster) Inspect(ctx context.Context, name string) (*instance.Detail, error) {
	if name == "" || CheckName(name) != nil {
		return nil, c.NotFound(name)
	}
	jobs, pods, err := c.objects(ctx, selectorOf(name))
	if err != nil {
		return nil, err
	}
	if len(jobs) == 0 {
		return nil, c.NotFound(name)
	}
	pod := podOf(pods, jobs[0].Name)
	i := instanceOf(&jobs[0], pod, time.Now())
	d := &instance.Detail{
		Name: i.Name, Stack: i.Stack, Snapshot: i.Key, Flavor: i.Flavor, State: i.State, Detached: i.Detached, Created: i.Created,
		URL: i.URL, Owner: i.Labels[label.Owner], Services: map[string]instance.ServiceDetail{},
		Kubernetes: &instance.KubernetesDetail{Context: c.Context, Namespace: c.Namespace, Job: jobs[0].Name},
	}
	if pod != nil {
		d.Kubernetes.Pod, d.Kubernetes.Node, d.Kubernetes.Address = pod.Name, pod.Spec.NodeName, pod.Status.PodIP
	}
	for service := range i.Services {
		d.Services[service] = detailOf(i, pod, service)
	}
	return d, nil
}

func detailOf(i instance.Instance, pod *corev1.Pod, service string) instance.ServiceDetail {
	d := instance.ServiceDetail{ContainerID: i.Services[service], ContainerName: containerName(service), State: "created", Ports: map[string]string{}}
	for private, public := range i.Ports[service] {
		d.Ports[strconv.Itoa(private)+"/tcp"] = net.JoinHostPort(i.Host, strconv.Itoa(public))
	}
	if pod == nil {
		return d
	}
	if st := statusOf(pod, service); st != nil {
		d.ImageID = st.ImageID
		switch {
		case st.State.Running != nil:
			d.State = "running"
		case st.State.Terminated != nil:
			d.State = "exited"
		}
	}
	return d
}
