package kube

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/docker-bmo/docker-bmo/instance"
	"github.com/docker-bmo/docker-bmo/internal/label"
)

// Pool is a number of instances that wait for runs that take them.
//
// It is a Job that never has a Pod, with a deadline that those who use the pool move on. What waits in it belongs to it: when it is
// gone, because somebody has removed it or because of its deadline, the cluster's own controllers remove that, too.
type Pool struct {
	ID, Stack, Flavor string
	// Size is how many instances are to wait.
	Size    int
	Created time.Time

	owner metav1.OwnerReference
	job   *batchv1.Job
}

// PoolTime is after how long the cluster ends a pool that nobody has used.
const PoolTime = 8 * time.Hour

func poolName(id string) string { return objectName("pool-" + id) }

// Pools returns the pools of the namespace, newest first.
func (c *Cluster) Pools(ctx context.Context) ([]Pool, error) {
	jobs, err := c.api.jobs().List(ctx, metav1.ListOptions{LabelSelector: label.Role + "=" + label.RolePool})
	if err != nil {
		return nil, c.explain(err, "list", "jobs.batch")
	}
	var pools []Pool
	for i := range jobs.Items {
		if job := &jobs.Items[i]; job.DeletionTimestamp == nil && len(job.Status.Conditions) == 0 {
			pools = append(pools, poolOf(job))
		}
	}
	slices.SortFunc(pools, func(a, b Pool) int { return b.Created.Compare(a.Created) })
	return pools, nil
}

func poolOf(job *batchv1.Job) Pool {
	facts := job.Annotations
	p := Pool{ID: facts[label.Pool], Stack: facts[label.Stack], Flavor: facts[label.Flavor], job: job}
	p.Size, _ = strconv.Atoi(facts[label.PoolSize])
	p.Created, _ = time.Parse(time.RFC3339Nano, facts[label.Created])
	p.owner = metav1.OwnerReference{APIVersion: "batch/v1", Kind: "Job", Name: job.Name, UID: job.UID}
	return p
}

// poolTries is how often a pool is looked for that others end at the same time, and poolPause how long one is waited for that ends.
const poolTries = 50

var poolPause = 200 * time.Millisecond

// KeepPool makes a pool of a snapshot with these images, or gives the one that is there another size.
func (c *Cluster) KeepPool(ctx context.Context, p Pool, images map[string]Image) error {
	p.Created = time.Now().UTC()
	for range poolTries {
		pools, err := c.Pools(ctx)
		if err != nil {
			return err
		}
		verb, there := "patch", slices.IndexFunc(pools, func(o Pool) bool { return o.ID == p.ID })
		if there >= 0 {
			err = c.patchPool(ctx, pools[there], p.facts())
		} else {
			verb = "create"
			_, err = c.api.jobs().Create(ctx, p.newJob(images), metav1.CreateOptions{})
		}
		if err == nil || !apierrors.IsAlreadyExists(err) && !apierrors.IsNotFound(err) {
			return c.explain(err, verb, "jobs.batch")
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(poolPause):
		}
	}
	return fmt.Errorf("pool %s: the one of that name does not come to its end", p.ID)
}

// UsePool moves the end of a pool on.
func (c *Cluster) UsePool(ctx context.Context, p Pool) error {
	return c.explain(ignoreGone(c.patchPool(ctx, p, nil)), "patch", "jobs.batch")
}

func (c *Cluster) patchPool(ctx context.Context, p Pool, facts map[string]string) error {
	change := map[string]any{"spec": map[string]any{"activeDeadlineSeconds": int64((c.age(p.job) + PoolTime).Seconds())}}
	if facts != nil {
		change["metadata"] = map[string]any{"annotations": facts}
	}
	patch, err := json.Marshal(change)
	if err == nil {
		_, err = c.api.jobs().Patch(ctx, p.job.Name, types.MergePatchType, patch, metav1.PatchOptions{})
	}
	return err
}

// age is for how long a Job's deadline has been running.
func (c *Cluster) age(job *batchv1.Job) time.Duration {
	since := job.CreationTimestamp.Time
	if job.Status.StartTime != nil {
		since = job.Status.StartTime.Time
	}
	return max(0, c.clock.now().Sub(since))
}

func (p Pool) facts() map[string]string {
	return map[string]string{
		label.Role: label.RolePool, label.Pool: p.ID, label.PoolSize: strconv.Itoa(p.Size), label.Stack: p.Stack, label.Flavor: p.Flavor,
		label.Created: p.Created.Format(time.RFC3339Nano),
	}
}

// newJob returns the pool's Job. It has to name an image, which is never run: one that those are content with who watch over images.
func (p Pool) newJob(images map[string]Image) *batchv1.Job {
	image := images[slices.Min(slices.Collect(maps.Keys(images)))].Reference
	return &batchv1.Job{
		TypeMeta: metav1.TypeMeta{APIVersion: "batch/v1", Kind: "Job"},
		ObjectMeta: metav1.ObjectMeta{Name: poolName(p.ID), Annotations: p.facts(), Labels: map[string]string{
			managedBy: manager, label.Role: label.RolePool, label.Pool: p.ID,
		}},
		Spec: batchv1.JobSpec{
			Parallelism: ptr(int32(0)), Completions: ptr(int32(1)), ActiveDeadlineSeconds: ptr(int64(PoolTime.Seconds())), TTLSecondsAfterFinished: ptr(int32(0)),
			Template: corev1.PodTemplateSpec{Spec: corev1.PodSpec{
				RestartPolicy: corev1.RestartPolicyNever, Containers: []corev1.Container{{Name: "pool", Image: image}},
			}},
		},
	}
}

// EndPool removes a pool and what waits in it. What is being started there goes a moment later; what was taken out stays.
func (c *Cluster) EndPool(ctx context.Context, id string) error {
	background := metav1.DeletePropagationBackground
	err := c.api.jobs().Delete(ctx, poolName(id), metav1.DeleteOptions{PropagationPolicy: &background})
	if err = ignoreGone(err); err != nil {
		return c.explain(err, "delete", "jobs.batch")
	}
	list, err := c.InPools(ctx, id)
	if err != nil {
		return err
	}
	var names []string
	for _, i := range list {
		if i.State != instance.Starting {
			names = append(names, i.Name)
		}
	}
	return instance.RemoveAll(ctx, names, c.Discard, nil)
}

// InPools returns the instances that wait in a pool, or in all pools without an identifier, and those that start to, newest first.
func (c *Cluster) InPools(ctx context.Context, id string) ([]instance.Instance, error) {
	return c.list(ctx, inPool(id))
}

func inPool(id string) string {
	if id == "" {
		return label.Role + "=" + label.RoleInstance + "," + label.Pool
	}
	return label.Role + "=" + label.RoleInstance + "," + label.Pool + "=" + id
}

// Discard removes an instance of a pool, unless somebody takes it meanwhile.
func (c *Cluster) Discard(ctx context.Context, name string) error {
	for {
		jobs, err := c.api.jobs().List(ctx, metav1.ListOptions{LabelSelector: inPool("") + "," + label.Instance + "=" + name})
		if err != nil || len(jobs.Items) == 0 {
			return c.explain(err, "list", "jobs.batch")
		}
		job, background := jobs.Items[0], metav1.DeletePropagationBackground
		err = c.api.jobs().Delete(ctx, job.Name, metav1.DeleteOptions{
			PropagationPolicy: &background, Preconditions: &metav1.Preconditions{UID: &job.UID, ResourceVersion: &job.ResourceVersion},
		})
		switch {
		case apierrors.IsConflict(err): // it has changed, perhaps its owner
		case ignoreGone(err) != nil:
			return c.explain(err, "delete", "jobs.batch")
		default:
			return c.Remove(ctx, name, 0)
		}
	}
}
