package kube

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/docker-bmo/docker-bmo/instance"
	"github.com/docker-bmo/docker-bmo/internal/label"
)

// start is a start in progress.
type start struct {
	*plan
	c        *Cluster
	job      *batchv1.Job
	pod      *podWatch
	tunnel   *tunnel
	forwards []*forward
	began    time.Time
	lease    lease
	taken    *corev1.Pod // that of an instance out of a pool, where the steps of the start have run; nil for none
	asked    bool        // whether anything has been asked for that makes something
}

// held is what a process has of an instance that it has started: what is forwarded, and the lease.
type held struct {
	forwards []*forward
	tunnel   *tunnel
	end      context.CancelFunc
}

func (h *held) close() {
	h.end()
	for _, f := range h.forwards {
		_ = f.Close()
	}
	if h.tunnel != nil {
		h.tunnel.Close()
	}
}

// hold notes what a process has of an instance; release gives it back.
func (c *Cluster) hold(name string, h *held) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.held == nil {
		c.held = map[string]*held{}
	}
	c.held[name] = h
}

func (c *Cluster) release(name string) {
	c.mu.Lock()
	h := c.held[name]
	delete(c.held, name)
	c.mu.Unlock()
	if h != nil {
		h.close()
	}
}

// Start starts an instance and returns when it is ready. If it fails, nothing of the instance is left on the cluster; should
// it not be possible to remove it, that error is joined to the first one. The errors are those of instance.Start.
func (c *Cluster) Start(ctx context.Context, r Request) (*instance.Instance, error) {
	if err := CheckName(r.Name); err != nil {
		return nil, err
	}
	if i, err := c.take(ctx, r); i != nil || err != nil {
		return i, err
	}
	for try := 0; ; try++ {
		q := r
		q.Name = cmp.Or(r.Name, madeUpName(r.Stack.Name))
		i, err := c.startOnce(ctx, q)
		if r.Name == "" && try < 10 && errors.As(err, new(*nameTaken)) {
			continue
		}
		if errors.As(err, new(*nameTaken)) {
			return nil, c.takenError(q.Name)
		}
		return i, err
	}
}

// nameTaken reports that the cluster has something of that name.
type nameTaken struct{ error }

func (c *Cluster) startOnce(ctx context.Context, r Request) (*instance.Instance, error) {
	p, err := newPlan(r, time.Now())
	if err != nil {
		return nil, err
	}
	s := &start{plan: p, c: c, began: time.Now()}
	s.lease = lease{objectName(r.Name), s.began}
	return s.bringUp(ctx, func(ctx context.Context) error {
		if err := s.choosePlace(ctx); err != nil {
			return err
		}
		return s.create(ctx)
	})
}

// bringUp gets what the instance is made of, and returns when it is ready. If that fails, nothing of it is left.
func (s *start) bringUp(ctx context.Context, get func(context.Context) error) (_ *instance.Instance, err error) {
	c := s.c
	own, end := context.WithCancel(context.WithoutCancel(ctx))
	h := &held{end: end}
	defer func() {
		if err != nil {
			h.forwards = s.forwards
			h.close()
			err = s.abandon(ctx, err)
		}
	}()
	if err := get(ctx); err != nil {
		return nil, err
	}
	h.forwards = s.forwards
	c.hold(s.Name, h)
	go c.renew(own, s.lease)
	watched, unwatch := context.WithCancel(ctx)
	defer unwatch()
	s.pod = c.watchPod(watched, s.Name, s.taken)
	if err := s.await(ctx); err != nil {
		return nil, err
	}
	h.tunnel = s.tunnel
	i, err := s.finish(ctx)
	if err != nil {
		return nil, err
	}
	for _, f := range s.forwards {
		f.serve(s.tunnel)
	}
	if s.Detach {
		c.release(s.Name)
	}
	return i, nil
}

// balancerTime is how long a load balancer may take to have an address, and balancerPause how often it is asked for.
const balancerTime = 5 * time.Minute

// createTime limits one request that makes something.
const createTime = 30 * time.Second

// settling returns a context for requests that make something: they are not broken off halfway, or the cluster might do what
// they ask for after everything has been removed.
func settling(ctx context.Context) (context.Context, context.CancelFunc, error) {
	if ctx.Err() != nil {
		return nil, nil, context.Cause(ctx)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), createTime)
	return ctx, cancel, nil
}

// create makes the Job, and what belongs to it.
func (s *start) create(ctx context.Context) error {
	ctx, done, err := settling(ctx)
	if err != nil {
		return err
	}
	defer done()
	secret, err := s.secret()
	if err != nil {
		return err
	}
	deadline := s.lease.seconds(time.Now())
	s.asked = true
	job, err := s.c.api.jobs().Create(ctx, s.plan.job(&deadline), metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		return &nameTaken{err}
	}
	if err != nil {
		return s.c.explain(err, "create", "jobs.batch")
	}
	s.job = job
	owner := []metav1.OwnerReference{{APIVersion: "batch/v1", Kind: "Job", Name: s.job.Name, UID: s.job.UID}}
	if secret != nil {
		secret.OwnerReferences = owner
		if _, err := s.c.api.secrets().Create(ctx, secret, metav1.CreateOptions{}); err != nil {
			return s.c.explain(err, "create", "secrets")
		}
	}
	if s.Detach && len(s.publish()) > 0 {
		patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"ownerReferences": owner}})
		if err != nil {
			return err
		}
		_, err = s.c.api.services().Patch(ctx, objectName(s.Name), types.MergePatchType, patch, metav1.PatchOptions{})
		if err != nil {
			return s.c.explain(err, "patch", "services")
		}
	}
	return nil
}

// finish says on the Job that the instance is ready and where, in one request with the end of the deadline of one that is
// detached.
func (s *start) finish(ctx context.Context) (*instance.Instance, error) {
	if s.at.host == nodeHost {
		err := s.pod.until(ctx, func(pod *corev1.Pod, _ bool) (bool, error) {
			if pod != nil {
				s.at.host = pod.Status.HostIP
			}
			return pod != nil, nil
		})
		if err != nil {
			return nil, err
		}
	}
	if s.Detach && s.at.port != 0 && s.taken == nil { // for one that waits the nodes have seen to it
		within := leadTime
		if s.ServiceType == ServiceTypes[0] {
			within = clusterLeadTime
		}
		awaitService(ctx, hostPort(s.at.host, s.at.port), within)
	}
	ports, err := json.Marshal(s.at.ports)
	if err != nil {
		return nil, err
	}
	meta := map[string]any{"annotations": map[string]string{
		label.Ready: "true", label.URL: s.url(), label.Ports: string(ports), label.Host: s.at.host,
	}}
	if s.Pool != nil {
		meta["labels"] = map[string]string{label.Match: waitsFor(s.Match)}
	}
	change := map[string]any{"metadata": meta}
	if s.Detach {
		change["spec"] = map[string]any{"activeDeadlineSeconds": nil}
	}
	patch, err := json.Marshal(change)
	if err != nil {
		return nil, err
	}
	job, err := s.c.api.jobs().Patch(ctx, s.job.Name, types.MergePatchType, patch, metav1.PatchOptions{})
	if err != nil {
		return nil, s.c.explain(err, "patch", "jobs.batch")
	}
	return s.instance(ctx, job)
}

func (s *start) instance(ctx context.Context, job *batchv1.Job) (*instance.Instance, error) {
	var i instance.Instance
	err := s.pod.until(ctx, func(pod *corev1.Pod, _ bool) (bool, error) {
		i = instanceOf(job, pod, time.Now())
		return true, nil
	})
	if err != nil {
		return nil, err
	}
	i.State = instance.Ready
	i.Env, err = s.Stack.RenderEnv(s.vars())
	return &i, err
}
