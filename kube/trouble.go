package kube

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/launch"
	"github.com/docker-bmo/docker-bmo/progress"
	"github.com/docker-bmo/docker-bmo/stack"
)

// How long is waited before something counts as trouble that may pass: a node that is made for the Pod, or that others
// leave; a registry that does not answer; a Pod that the cluster has not made yet.
var (
	placeTime = time.Minute
	pullTime  = 30 * time.Second
	podPause  = 2 * time.Second
)

// trouble returns as soon as an instance that starts cannot come up, and nil when ctx ends.
func (s *start) trouble(ctx context.Context) error {
	tick := time.NewTicker(podPause)
	defer tick.Stop()
	seen := &judging{start: s}
	for {
		var pod *corev1.Pod
		now, done := context.WithCancel(ctx)
		err := s.pod.until(now, func(p *corev1.Pod, gone bool) (bool, error) {
			pod = p
			return true, seen.judge(ctx, p, gone)
		})
		done()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		s.pod.mu.Lock()
		changed := s.pod.changed
		s.pod.mu.Unlock()
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		case <-tick.C:
			if pod == nil {
				if err := s.withoutPod(ctx); err != nil {
					return err
				}
			}
		}
	}
}

// judging is since when a Pod is in trouble that may pass.
type judging struct {
	*start
	unplaced, pulling time.Time
}

// judge returns why a Pod cannot become ready, nil as long as it can.
func (j *judging) judge(ctx context.Context, pod *corev1.Pod, gone bool) error {
	switch {
	case gone:
		return hint.Wrap(errors.New("its Pod was removed while it started"), "`kubectl get events` may say by whom")
	case pod == nil:
		return nil
	case driven(pod):
		return hint.Wrap(fmt.Errorf("its node %s does not answer any more", pod.Spec.NodeName), "start it again: it comes to be on another node")
	case pod.DeletionTimestamp != nil:
		return hint.Wrap(errors.New("its Pod is being removed while it starts"), "`kubectl get events` may say by whom")
	}
	if err := j.judgePlace(pod); err != nil {
		return err
	}
	for _, list := range [][]corev1.ContainerStatus{pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses} {
		for i := range list {
			if err := j.judgeContainer(ctx, pod, &list[i]); err != nil {
				return err
			}
		}
	}
	if pod.Status.Phase == corev1.PodFailed {
		return podFailed(pod)
	}
	return nil
}

// judgePlace returns what the scheduler says, when it has said so for a while.
func (j *judging) judgePlace(pod *corev1.Pod) error {
	why := unschedulable(pod)
	if why == "" {
		j.unplaced = time.Time{}
		return nil
	}
	if j.unplaced.IsZero() {
		j.unplaced = time.Now()
	}
	if j.Within == 0 && time.Since(j.unplaced) > placeTime {
		return noNode(j.Name, why)
	}
	return nil
}

func noNode(name, why string) error {
	return hint.Wrap(fmt.Errorf("the cluster has no node for %s: %s", name, why),
		"stop other instances, choose a flavor that needs less, or let it wait for longer with --wait-timeout")
}

// unschedulable is why the scheduler has no node for a Pod, "" if it has one or has not tried.
func unschedulable(pod *corev1.Pod) string {
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodScheduled && c.Status == corev1.ConditionFalse && c.Reason == corev1.PodReasonUnschedulable {
			return c.Message
		}
	}
	return ""
}

// judgeContainer returns why a container cannot come up.
func (j *judging) judgeContainer(ctx context.Context, pod *corev1.Pod, st *corev1.ContainerStatus) error {
	volume, fills := j.filledBy(st.Name)
	service, step := j.owner(st.Name)
	if w := st.State.Waiting; w != nil {
		if err := j.judgeWaiting(st, w); err != nil && fills {
			return fmt.Errorf("volume %s: %w", volume, err)
		} else if err != nil {
			return fmt.Errorf("service %s: %w", service, err)
		}
	}
	end := cmp.Or(st.State.Terminated, st.LastTerminationState.Terminated)
	if end == nil {
		return nil
	}
	if fills {
		return j.judgeFilling(ctx, pod, st.Name, volume, end)
	}
	var svc stack.Service // in its flavor
	if i := slices.IndexFunc(j.services, func(s stack.Service) bool { return s.Name == service }); i >= 0 {
		svc = j.services[i]
	}
	switch {
	case step >= 0 && end.ExitCode == 0, step < 0 && done(svc, st):
		return nil
	case step >= 0:
		return fmt.Errorf("start step %d of %d: %w", step+1, len(j.Stack.Start), &launch.StepError{
			Step: j.Stack.Start[step], Code: int(end.ExitCode), Output: j.c.tail(ctx, pod, st.Name), Start: true,
		})
	case svc.Restart && j.sidecars[service] && time.Since(j.began) < j.patience(svc):
		return nil // the cluster starts it again
	}
	return j.serviceError(ctx, service, endError(end, svc), &progress.Log{})
}

// judgeFilling returns why a volume could not be filled.
func (j *judging) judgeFilling(ctx context.Context, pod *corev1.Pod, container, volume string, end *corev1.ContainerStateTerminated) error {
	if end.ExitCode == 0 {
		return nil
	}
	lines := j.c.tail(ctx, pod, container)
	if len(lines) == 0 {
		return fmt.Errorf("volume %s cannot be filled: %w", volume, endError(end, stack.Service{}))
	}
	return fmt.Errorf("volume %s cannot be filled: %s", volume, lines[len(lines)-1])
}

// owner returns the service that a container belongs to, and the number of the step that it is, -1 if it is none.
func (j *judging) owner(container string) (service string, step int) {
	for i, s := range j.Stack.Start {
		if container == stepName(i) {
			return s.Service, i
		}
	}
	i := slices.IndexFunc(j.services, func(s stack.Service) bool { return containerName(s.Name) == container })
	if i < 0 {
		return container, -1
	}
	return j.services[i].Name, -1
}

// endError says how a container has ended.
func endError(end *corev1.ContainerStateTerminated, svc stack.Service) error {
	err := error(&launch.ExitError{Code: int(end.ExitCode)})
	switch {
	case end.Reason == "OOMKilled":
		limit := "the memory of its node"
		if svc.MemLimit > 0 {
			limit = fmt.Sprintf("its limit of %d MB", svc.MemLimit>>20)
		}
		return hint.Wrap(fmt.Errorf("killed, out of memory: it needs more than %s", limit), "raise mem_limit of the service, or of its flavor")
	case end.Message != "" && end.Reason != "Error" && end.Reason != "Completed":
		return fmt.Errorf("%w: %s: %s", err, end.Reason, end.Message)
	}
	return err
}

// lastingPull are words of reasons for which an image cannot be pulled that do not pass.
var lastingPull = []string{
	"not found", "unauthorized", "denied", "forbidden", "no basic auth", "HTTP response to HTTPS client", "certificate", "no such host", "invalid reference",
}

// judgeWaiting returns why a container waits for something that does not come.
func (j *judging) judgeWaiting(st *corev1.ContainerStatus, w *corev1.ContainerStateWaiting) error {
	switch w.Reason {
	case "ErrImagePull", "ImagePullBackOff":
		if j.pulling.IsZero() {
			j.pulling = time.Now()
		}
		lasting := slices.ContainsFunc(lastingPull, func(s string) bool { return strings.Contains(w.Message, s) })
		if lasting || time.Since(j.pulling) > pullTime {
			return hint.Wrap(fmt.Errorf("its node cannot get the image %s: %s", st.Image, cmp.Or(w.Message, w.Reason)),
				"the nodes have to reach the repository by the same name as this machine, and trust its certificate")
		}
	case "InvalidImageName", "ErrImageNeverPull", "CreateContainerError", "RunContainerError", "ErrImageInspect":
		return fmt.Errorf("its container cannot be started: %s: %s", w.Reason, w.Message)
	case "CreateContainerConfigError":
		if !strings.Contains(w.Message, "not found") { // the Secret comes after the Pod
			return fmt.Errorf("its container cannot be started: %s", w.Message)
		}
	}
	return nil
}

// waitingText is what a container waits for.
func waitingText(pod *corev1.Pod, st *corev1.ContainerStatus) string {
	if st != nil && st.State.Waiting != nil && st.State.Waiting.Reason != "PodInitializing" && st.State.Waiting.Reason != "ContainerCreating" {
		return strings.TrimSuffix(st.State.Waiting.Reason+": "+st.State.Waiting.Message, ": ")
	}
	return unschedulable(pod)
}

// podFailed says why a Pod was ended as a whole.
func podFailed(pod *corev1.Pod) error {
	why := strings.TrimSuffix(cmp.Or(pod.Status.Reason, "it has failed")+": "+pod.Status.Message, ": ")
	switch pod.Status.Reason {
	case "Evicted":
		return hint.Wrap(fmt.Errorf("its node %s has evicted the Pod: %s", pod.Spec.NodeName, pod.Status.Message),
			"give the services a mem_limit, so that the scheduler knows what they need")
	case "SysctlForbidden":
		return hint.Wrap(fmt.Errorf("the cluster does not allow its sysctls: %s", pod.Status.Message),
			"leave them out, or have the nodes allow them (--allowed-unsafe-sysctls of the kubelet)")
	}
	return fmt.Errorf("its Pod has ended: %s", why)
}

// withoutPod returns why there is no Pod, nil as long as there may be one.
func (s *start) withoutPod(ctx context.Context) error {
	jobs, err := s.c.api.jobs().List(ctx, metav1.ListOptions{LabelSelector: selectorOf(s.Name)})
	if err == nil && len(jobs.Items) == 0 {
		return hint.Wrap(errors.New("its Job was removed while it started"), "`kubectl get events` may say by whom")
	}
	return s.c.refusedPod(ctx, s.job.Name)
}

// refusedPod returns why the cluster makes no Pod of a Job, nil if it has said nothing.
func (c *Cluster) refusedPod(ctx context.Context, job string) error {
	list, err := c.api.events().List(ctx, metav1.ListOptions{
		FieldSelector: "involvedObject.kind=Job,involvedObject.name=" + job + ",reason=FailedCreate",
	})
	if err != nil || len(list.Items) == 0 {
		return nil // without the right to read events it is waited for as long as there is time
	}
	return hint.Wrap(fmt.Errorf("the cluster does not let the Pod be made: %s", list.Items[len(list.Items)-1].Message),
		"quotas, limits and the Pod Security Standard of the namespace are its owner's: docs/kubernetes.md says what a Pod has")
}

// lastProbe returns what the cluster has said last of its probe of a service.
func (c *Cluster) lastProbe(ctx context.Context, w *podWatch, service string) error {
	w.mu.Lock()
	pod := w.pod
	w.mu.Unlock()
	if pod == nil {
		return errors.New("there is no Pod")
	}
	list, err := c.api.events().List(ctx, metav1.ListOptions{
		FieldSelector: "involvedObject.name=" + pod.Name + ",reason=Unhealthy",
	})
	if err == nil {
		for _, e := range slices.Backward(list.Items) {
			if strings.Contains(e.InvolvedObject.FieldPath, "{"+containerName(service)+"}") {
				return errors.New(e.Message)
			}
		}
	}
	return errors.New("the cluster's probe is not answered")
}
