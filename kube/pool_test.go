package kube

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/instance"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/kube/kubetest"
)

// pooling is a cluster with a pool of the stack shop.
type pooling struct {
	*Cluster
	t    *testing.T
	fake *kubetest.Cluster
}

const poolOfShop = "0123456789ab"

// untold is the stack shop without a word of its address, so that it can be taken in the foreground, too.
func untold() Request {
	r := request(shop())
	r.Name, r.Match = "", strings.Repeat("cd", 32)
	r.Stack.URL.Environment = nil
	for i := range r.Stack.Start {
		r.Stack.Start[i].Environment = nil
	}
	return r
}

func newPooling(t *testing.T, size int) *pooling {
	t.Helper()
	c, fake := newCluster(t, programs())
	p := &pooling{c, t, fake}
	p.keep(size)
	for range size {
		p.fill()
	}
	return p
}

func (p *pooling) keep(size int) {
	p.t.Helper()
	assert.NilError(p.t, p.KeepPool(p.t.Context(), Pool{ID: poolOfShop, Stack: "shop", Flavor: "low", Size: size}, untold().Images))
}

// take starts a detached instance, out of the pool if there is one.
func (p *pooling) take() *instance.Instance {
	p.t.Helper()
	r := untold()
	r.Detach = true
	i, err := p.Start(p.t.Context(), r)
	assert.NilError(p.t, err)
	return i
}

func (p *pooling) pool() *Pool {
	p.t.Helper()
	pools, err := p.Pools(p.t.Context())
	assert.NilError(p.t, err)
	if len(pools) == 0 {
		return nil
	}
	return &pools[0]
}

// fill starts one instance that waits.
func (p *pooling) fill() *instance.Instance {
	p.t.Helper()
	r := untold()
	r.Detach, r.Pool = true, p.pool()
	i, err := p.Start(p.t.Context(), r)
	assert.NilError(p.t, err)
	return i
}

// waits are the names of the instances that wait.
func (p *pooling) waits() map[string]bool {
	p.t.Helper()
	list, err := p.InPools(p.t.Context(), poolOfShop)
	assert.NilError(p.t, err)
	names := map[string]bool{}
	for _, i := range list {
		if i.State == instance.Paused {
			assert.Equal(p.t, i.Labels[label.Match], untold().Match)
			names[i.Name] = true
		}
	}
	return names
}

func (p *pooling) job(name string) (job batchv1.Job) {
	p.t.Helper()
	p.fake.Get("jobs", objectName(name), &job)
	return job
}

// TestTakeDetached: an instance that waits goes with its pool; who takes it finds its address, and it goes with nothing any more.
func TestTakeDetached(t *testing.T) {
	p := newPooling(t, 1)
	assert.DeepEqual(t, *p.pool().job.Spec.ActiveDeadlineSeconds, int64(PoolTime.Seconds()))
	assert.Equal(t, len(p.fake.Names()), 5, "%v", p.fake.Names()) // two Jobs, a Pod, a Service and a Secret
	var name string
	for name = range p.waits() {
	}
	before, err := p.Find(t.Context(), name)
	assert.NilError(t, err)
	assert.Equal(t, before.State, instance.Paused)
	assert.Assert(t, strings.HasSuffix(before.Status, " (Waiting)"), before.Status)
	waiting := p.job(name)
	assert.Equal(t, waiting.OwnerReferences[0].UID, p.pool().owner.UID)
	assert.Assert(t, waiting.Spec.ActiveDeadlineSeconds == nil)

	r := untold()
	r.Detach, r.Owner = true, "me"
	steps := 0
	p.fake.Behave(func(*kubetest.Cluster, string) { steps++ })
	i, err := p.Start(t.Context(), r)
	assert.NilError(t, err)
	assert.Equal(t, i.Name, name)
	assert.Equal(t, i.Pool, poolOfShop)
	assert.Equal(t, i.URL, before.URL)
	assert.DeepEqual(t, i.Ports, before.Ports)
	assert.Equal(t, steps, 0, "something was started")
	job := p.job(name)
	assert.Equal(t, len(job.OwnerReferences), 0)
	assert.Assert(t, job.Spec.ActiveDeadlineSeconds == nil)
	assert.Equal(t, job.Annotations[label.Owner], "me")
	assert.Equal(t, len(p.waits()), 0)

	assert.NilError(t, p.EndPool(t.Context(), poolOfShop))
	assert.Assert(t, p.pool() == nil)
	found, err := p.Find(t.Context(), name)
	assert.NilError(t, err)
	assert.Equal(t, found.State, instance.Ready)
	assert.Assert(t, found.Detached)
	assert.NilError(t, p.Remove(t.Context(), name, 0))
	assert.Equal(t, len(p.fake.Names()), 0, "%v", p.fake.Names())
}

// TestTakeForegound: an instance that is taken for as long as this process lives has a deadline from then on, and its address is here;
// where the application is told its address, that cannot be.
func TestTakeForeground(t *testing.T) {
	p := newPooling(t, 1)
	told := untold()
	told.Stack.URL.Environment = map[string]string{"SHOP_URL": "{{.URL}}/"}
	i, err := p.Start(t.Context(), told)
	assert.NilError(t, err)
	assert.Equal(t, i.Pool, "")
	assert.NilError(t, p.Remove(t.Context(), i.Name, 0))

	i, err = p.Start(t.Context(), untold())
	assert.NilError(t, err)
	assert.Equal(t, i.Pool, poolOfShop)
	assert.Assert(t, strings.HasPrefix(i.URL, "http://127.0.0.1:"), i.URL)
	resp, err := http.Get(strings.TrimSuffix(i.URL, "/shop"))
	assert.NilError(t, err)
	body, _ := io.ReadAll(resp.Body)
	resp.Body.Close()
	assert.Equal(t, string(body), "fine")
	job := p.job(i.Name)
	assert.Assert(t, *job.Spec.ActiveDeadlineSeconds <= int64(leaseTime.Seconds())+10)
	assert.Equal(t, job.Labels[label.Detached]+job.Annotations[label.Detached], "")
	assert.NilError(t, p.EndPool(t.Context(), poolOfShop))
	assert.NilError(t, p.Remove(t.Context(), i.Name, 0))
	assert.Equal(t, len(p.fake.Names()), 0, "%v", p.fake.Names())
}

// TestTakersGetDifferentOnes: of several who take instances at the same time, no two have the same.
func TestTakersGetDifferentOnes(t *testing.T) {
	p := newPooling(t, 4)
	waited := p.waits()
	var wg sync.WaitGroup
	var mu sync.Mutex
	taken := map[string]int{}
	for range 8 {
		wg.Go(func() {
			c, err := Open(Config{Files: []string{p.fake.Kubeconfig()}})
			assert.Check(t, err)
			r := untold()
			r.Detach = true
			i, err := c.Start(t.Context(), r)
			if !assert.Check(t, err) {
				return
			}
			mu.Lock()
			defer mu.Unlock()
			taken[i.Name]++
		})
	}
	wg.Wait()
	assert.Equal(t, len(taken), 8, "%v", taken)
	for name := range waited {
		assert.Equal(t, taken[name], 1, "%s waits in vain: %v", name, taken)
	}
}

// TestTakeLost: who cannot go on after the claim leaves what the cluster ends by itself; who can, removes it.
func TestTakeLost(t *testing.T) {
	p := newPooling(t, 2)
	r := untold()
	r.Detach = true
	p.fake.Lose("patch jobs", true) // the claim's answer
	var warned []string
	r.Warn = func(err error) { warned = append(warned, err.Error()) }
	i, err := p.Start(t.Context(), r)
	assert.NilError(t, err)
	assert.Equal(t, i.Pool, poolOfShop)
	assert.Equal(t, len(warned), 1, "%v", warned)
	list, err := p.List(t.Context())
	assert.NilError(t, err)
	for _, o := range list {
		if o.Name != i.Name {
			assert.Equal(t, o.State, instance.Starting)
			assert.Assert(t, *p.job(o.Name).Spec.ActiveDeadlineSeconds <= int64(leaseTime.Seconds())+10)
		}
	}

	p.fill()
	ctx, cancel := context.WithCancel(t.Context())
	p.fake.Fail("create pods/portforward", 1000, http.StatusInternalServerError, metav1.StatusReasonInternalError, "no")
	time.AfterFunc(200*time.Millisecond, func() {
		cancel()
		p.fake.Heal()
	})
	_, err = p.Start(ctx, r)
	assert.ErrorIs(t, err, context.Canceled)
	assert.Equal(t, len(p.waits()), 0)
	after, err := p.List(t.Context())
	assert.NilError(t, err)
	assert.Equal(t, len(after), len(list), "what was claimed is still there")
}

// TestTakeBroken: an instance whose Pod is gone is not taken, and one whose Pod goes while it is being taken is removed; another one
// is started.
func TestTakeBroken(t *testing.T) {
	p := newPooling(t, 1)
	pod := p.fake.Pod()
	r := untold()
	r.Detach, r.Within = true, time.Minute
	var warned []string
	r.Warn = func(err error) { warned = append(warned, err.Error()) }
	p.fake.UpdatePod(pod.Name, func(pod *corev1.Pod) { pod.Spec.NodeName = "" }) // so that it is waited for
	time.AfterFunc(100*time.Millisecond, func() { p.fake.Remove("pods", pod.Name) })
	i, err := p.Start(t.Context(), r)
	assert.NilError(t, err)
	assert.Equal(t, i.Pool, "")
	assert.Equal(t, len(warned), 1, "%v", warned)
	assert.Assert(t, strings.Contains(warned[0], "of the pool is of no use: its Pod was removed"), warned[0])
	list, err := p.List(t.Context())
	assert.NilError(t, err)
	assert.Equal(t, len(list), 1)
	assert.NilError(t, p.Remove(t.Context(), i.Name, 0))

	name := p.fill().Name
	p.fake.Remove("pods", p.fake.Pod().Name)
	i, err = p.Start(t.Context(), r)
	assert.NilError(t, err)
	assert.Equal(t, i.Pool, "")
	assert.Equal(t, len(warned), 1, "%v", warned)
	assert.NilError(t, p.Discard(t.Context(), name))
	assert.NilError(t, p.Remove(t.Context(), i.Name, 0))
	assert.NilError(t, p.EndPool(t.Context(), poolOfShop))
	assert.Equal(t, len(p.fake.Names()), 0, "%v", p.fake.Names())
}

// TestKeepPool: a pool gets another size, and its end is moved on by the cluster's clock.
func TestKeepPool(t *testing.T) {
	p := newPooling(t, 1)
	first := p.pool()
	p.keep(3)
	assert.Equal(t, p.pool().Size, 3)
	assert.Equal(t, p.pool().owner.UID, first.owner.UID)
	p.clock.ahead.Store(int64(time.Hour))
	assert.NilError(t, p.UsePool(t.Context(), *first))
	deadline := *p.pool().job.Spec.ActiveDeadlineSeconds
	assert.Assert(t, deadline >= int64((PoolTime+time.Hour).Seconds()) && deadline < int64((PoolTime+2*time.Hour).Seconds()), "%d", deadline)
	assert.Assert(t, p.clock.now().Before(time.Now().Add(time.Minute)), "the cluster's clock is not looked at")

	p.fake.Fail("create jobs", 1, http.StatusForbidden, "Forbidden", "exceeded quota")
	assert.NilError(t, p.EndPool(t.Context(), poolOfShop))
	assert.Equal(t, len(p.fake.Names()), 0, "%v", p.fake.Names())
	assert.ErrorContains(t, p.KeepPool(t.Context(), Pool{ID: poolOfShop, Size: 3}, untold().Images), "exceeded quota")
	assert.NilError(t, p.UsePool(t.Context(), *first), "a pool that is gone")
}

// TestDiscardLosesToTake: what somebody takes while it is being discarded stays.
func TestDiscardLosesToTake(t *testing.T) {
	p := newPooling(t, 1)
	var name string
	for name = range p.waits() {
	}
	p.fake.Fail("delete jobs", 1, http.StatusConflict, metav1.StatusReasonConflict, "another version")
	assert.NilError(t, p.Discard(t.Context(), name))
	_, err := p.Find(t.Context(), name)
	assert.ErrorContains(t, err, "no such instance")
	name = p.fill().Name
	assert.Equal(t, p.take().Name, name)
	assert.NilError(t, p.Discard(t.Context(), name))
	_, err = p.Find(t.Context(), name)
	assert.NilError(t, err)
}
