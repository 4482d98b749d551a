package kube

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/docker-bmo/docker-bmo/instance"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/progress"
	"github.com/docker-bmo/docker-bmo/stack"
)

// waitsFor is a digest as the label that an instance has as long as it waits: labels are short.
func waitsFor(match string) string { return match[:min(len(match), 40)] }

func waits(job *batchv1.Job) bool { return job.Labels[label.Match] != "" }

// errTaken reports that somebody else has changed an instance, most likely by taking it.
var errTaken = errors.New("somebody else has it")

// takeTries is how often it is looked for instances that wait when others take them at the same time.
const takeTries = 5

// take takes an instance out of a pool, nil if there is none that serves. One that does not answer in time is removed.
func (c *Cluster) take(ctx context.Context, r Request) (*instance.Instance, error) {
	if r.Match == "" || r.Pool != nil || r.Name != "" || !r.Detach && tellsAddress(r.Stack) {
		return nil, nil //nolint:nilnil // there is none
	}
	for try, taken := 0, true; taken && try < takeTries; try++ {
		list, err := c.waiting(ctx, r.Match)
		if err != nil {
			return nil, err
		}
		taken = false
		for _, w := range list {
			i, err := c.takeOne(ctx, r, w)
			switch {
			case errors.Is(err, errTaken):
				taken = true
			case err == nil || ctx.Err() != nil:
				return i, err
			case r.Warn != nil:
				r.Warn(fmt.Errorf("instance %s of the pool is of no use: %w", w.job.Annotations[label.Instance], err))
			}
		}
	}
	return nil, nil //nolint:nilnil // there is none
}

// waiting is an instance that waits.
type waiting struct {
	job *batchv1.Job
	pod *corev1.Pod
}

// waiting returns the instances that wait and serve, in no order, so that several who take one at the same time mostly take different
// ones.
func (c *Cluster) waiting(ctx context.Context, match string) (list []waiting, err error) {
	jobs, err := c.api.jobs().List(ctx, metav1.ListOptions{LabelSelector: label.Match + "=" + waitsFor(match)})
	if err != nil || len(jobs.Items) == 0 {
		return nil, c.explain(err, "list", "jobs.batch")
	}
	pods, err := c.api.pods().List(ctx, metav1.ListOptions{LabelSelector: inPool("")})
	if err != nil {
		return nil, c.explain(err, "list", "pods")
	}
	for _, n := range rand.Perm(len(jobs.Items)) {
		w := waiting{&jobs.Items[n], podOf(pods.Items, jobs.Items[n].Name)}
		if instanceOf(w.job, w.pod, time.Now()).State == instance.Paused {
			list = append(list, w)
		}
	}
	return list, nil
}

// tellsAddress reports whether the application is told where it is reached. In the foreground that is a port of the machine that
// takes the instance, which nobody knew when it was started.
func tellsAddress(st *stack.Stack) bool {
	tells := func(env map[string]string) bool {
		u := stack.URL{Environment: env}
		here, err := u.Render(stack.Vars{URL: "here", Host: "here", Port: "1", Secrets: &stack.Secrets{}})
		there, err2 := u.Render(stack.Vars{URL: "there", Host: "there", Port: "2", Secrets: &stack.Secrets{}})
		return errors.Join(err, err2) != nil || !maps.Equal(here, there)
	}
	for _, step := range st.Start {
		if tells(step.Environment) {
			return true
		}
	}
	return tells(st.URL.Environment)
}

func (c *Cluster) takeOne(ctx context.Context, r Request, w waiting) (i *instance.Instance, err error) {
	job := w.job
	r.Name = job.Annotations[label.Instance]
	created, _ := time.Parse(time.RFC3339Nano, job.Annotations[label.Created])
	p, err := newPlan(r, created)
	if err != nil {
		return nil, err
	}
	show := p.Progress
	p.Progress = nil // of a start there is nothing to be seen
	s := &start{plan: p, c: c, began: time.Now(), taken: w.pod}
	s.lease = lease{job.Name, s.began.Add(-c.age(job))}
	var taken error
	err = show.Step(ctx, "take "+r.Name+" out of its pool", func(ctx context.Context, _ *progress.Log) (err error) {
		i, err = s.bringUp(ctx, func(ctx context.Context) error { return s.claim(ctx, job) })
		if errors.Is(err, errTaken) { // that is no failure to show
			taken, err = err, nil
		}
		return err
	})
	return i, errors.Join(err, taken)
}

// claim makes an instance that waits the caller's, in one change of the version of its Job that was read. It is as one that its owner
// has begun to start from then on: it has that one's deadline, and no longer goes with its pool.
func (s *start) claim(ctx context.Context, job *batchv1.Job) error {
	if s.Detach {
		s.at = placeOf(s.plan, job)
	} else if err := s.choosePlace(ctx); err != nil {
		return err
	}
	ctx, done, err := settling(ctx)
	if err != nil {
		return err
	}
	defer done()
	facts := map[string]any{label.Owner: s.Owner, label.Ready: nil, label.Detached: nil}
	labels := map[string]any{label.Match: nil, label.Pool: nil, label.Detached: nil}
	if s.Detach {
		facts[label.Detached], labels[label.Detached] = "true", "true"
	}
	patch, err := json.Marshal(map[string]any{
		"metadata": map[string]any{
			"resourceVersion": job.ResourceVersion, "ownerReferences": nil, "labels": labels, "annotations": facts,
		},
		"spec": map[string]any{"activeDeadlineSeconds": s.lease.seconds(time.Now())},
	})
	if err != nil {
		return err
	}
	claimed, err := s.c.api.jobs().Patch(ctx, job.Name, types.MergePatchType, patch, metav1.PatchOptions{})
	if apierrors.IsConflict(err) || apierrors.IsNotFound(err) {
		return errTaken
	}
	if err != nil {
		return s.c.explain(err, "patch", "jobs.batch")
	}
	s.job, s.asked = claimed, true
	return nil
}

// placeOf is where an instance that waits is reached, as its Job says.
func placeOf(p *plan, job *batchv1.Job) place {
	at := place{host: job.Annotations[label.Host], ports: map[string]map[int]int{}}
	_ = json.Unmarshal([]byte(job.Annotations[label.Ports]), &at.ports)
	at.port = at.ports[p.Stack.URL.Service][p.Stack.URL.Port]
	return at
}
