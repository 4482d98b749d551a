package bmo

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"
	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/engine/enginetest"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/kube/kubetest"
)

// clusterPoolFixture is a cluster, with a repository that has the snapshot of the stack.
type clusterPoolFixture struct {
	*poolFixture
	cluster *kubetest.Cluster
	config  string
}

func newClusterPoolFixture(t *testing.T) *clusterPoolFixture {
	t.Helper()
	f := &clusterPoolFixture{poolFixture: newPoolFixture(t)}
	srv := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(srv.Close)
	f.stack.Repository = strings.TrimPrefix(srv.URL, "http://") + "/team/demo"
	f.cluster = kubetest.New(t, map[string]kubetest.Program{
		"db": func(p *kubetest.Process) int {
			p.Listen(3306, enginetest.Silent)
			return p.UntilKilled()
		},
		"web": func(p *kubetest.Process) int {
			p.Listen(8000, func(c net.Conn) { enginetest.HTTP(enginetest.Answer(http.StatusOK, "fine"))(c) })
			return p.UntilKilled()
		},
	})
	f.config = f.cluster.Kubeconfig()
	return f
}

func (f *clusterPoolFixture) on(t *testing.T, c *Client) *Cluster {
	t.Helper()
	k, err := c.OnKubernetes(ClusterOptions{Target: ClusterScheme, Kubeconfig: []string{f.config}})
	assert.NilError(t, err)
	return k
}

func (f *clusterPoolFixture) mine(t *testing.T) *Cluster {
	t.Helper()
	return f.on(t, f.as(t))
}

func poolOptions(size int) ClusterPoolOptions {
	return ClusterPoolOptions{PoolOptions: PoolOptions{Size: size}}
}

func (f *clusterPoolFixture) run(t *testing.T, o ClusterRunOptions) (*Instance, *RunResult) {
	t.Helper()
	o.Detach = true
	r, err := f.mine(t).Run(t.Context(), f.stack, o)
	assert.NilError(t, err)
	return r.Instances[0], r
}

// states counts the instances that there are.
func (f *clusterPoolFixture) states(t *testing.T) map[State]int {
	t.Helper()
	list, err := f.mine(t).List(t.Context(), InstanceFilter{})
	assert.NilError(t, err)
	count := map[State]int{}
	for _, i := range list {
		count[i.State]++
	}
	return count
}

// TestClusterPool: instances wait, a run takes one at its address, filling brings the pool to its size again; what has changed since
// serves nobody and is replaced; stop leaves the pool alone; what is taken outlives it.
func TestClusterPool(t *testing.T) {
	f := newClusterPoolFixture(t)
	p, err := f.mine(t).PoolUp(t.Context(), f.stack, poolOptions(2))
	assert.NilError(t, err)
	assert.Equal(t, p.Ready, 2)
	assert.DeepEqual(t, f.states(t), map[State]int{Paused: 2})

	i, result := f.run(t, ClusterRunOptions{})
	assert.Equal(t, i.Pool, p.ID)
	assert.Equal(t, i.Env["BMO_URL"], i.URL)
	assert.DeepEqual(t, result.Refill, []string{p.ID})
	assert.NilError(t, f.mine(t).PoolFill(t.Context(), f.stack, poolOptions(0), p.ID))
	assert.DeepEqual(t, f.states(t), map[State]int{Paused: 2, Ready: 1})

	f.stack.Services[1].Image = "web:2"
	f.addInputs(t)
	other, result := f.run(t, ClusterRunOptions{})
	assert.Equal(t, other.Pool, "")
	assert.DeepEqual(t, result.Refill, []string{p.ID})
	assert.NilError(t, f.mine(t).PoolFill(t.Context(), f.stack, poolOptions(0), p.ID))
	pools, err := f.mine(t).Pools(t.Context())
	assert.NilError(t, err)
	assert.Equal(t, len(pools), 1)
	assert.Equal(t, pools[0].Key, other.Key)
	assert.DeepEqual(t, f.states(t), map[State]int{Paused: 2, Ready: 2})

	assert.NilError(t, f.mine(t).Stop(t.Context(), nil, StopOptions{All: true}))
	assert.DeepEqual(t, f.states(t), map[State]int{Paused: 2})
	i, _ = f.run(t, ClusterRunOptions{})
	assert.Equal(t, i.Pool, p.ID)
	var removed []string
	assert.NilError(t, f.mine(t).PoolDown(t.Context(), nil, PoolDownOptions{All: true, Removed: func(id string) { removed = append(removed, id) }}))
	assert.DeepEqual(t, removed, []string{p.ID})
	assert.DeepEqual(t, f.states(t), map[State]int{Ready: 1})
	assert.NilError(t, f.mine(t).Stop(t.Context(), []string{i.Name}, StopOptions{}))
	assert.Equal(t, len(f.cluster.Names()), 0, "%v", f.cluster.Names())
}

// TestClusterPoolIsForItsOwn: a run that asks for anything else starts its own instance, and pools of other kinds of Services, places
// and users are others.
func TestClusterPoolIsForItsOwn(t *testing.T) {
	f := newClusterPoolFixture(t)
	p, err := f.mine(t).PoolUp(t.Context(), f.stack, poolOptions(1))
	assert.NilError(t, err)
	for about, o := range map[string]ClusterRunOptions{
		"a name":     {RunOptions: RunOptions{Name: "mine"}},
		"a variable": {RunOptions: RunOptions{Env: map[string]string{"A": "B"}}},
		"a service":  {ServiceType: "NodePort"},
	} {
		i, result := f.run(t, o)
		assert.Equal(t, i.Pool, "", about)
		assert.Equal(t, len(result.Refill), 0, about)
	}
	r, err := f.on(t, f.client(t, WithStateDir(t.TempDir()))).Run(t.Context(), f.stack, ClusterRunOptions{RunOptions: RunOptions{Detach: true}})
	assert.NilError(t, err)
	assert.Equal(t, r.Instances[0].Pool, "", "of another user")
	// The application is told its address, which is here in the foreground.
	r, err = f.mine(t).Run(t.Context(), f.stack, ClusterRunOptions{})
	assert.NilError(t, err)
	assert.Equal(t, r.Instances[0].Pool, "", "in the foreground")
	assert.DeepEqual(t, f.states(t)[Paused], 1)
	assert.NilError(t, f.mine(t).Remove(t.Context(), r.Instances, StopOptions{}))

	ports := poolOptions(1)
	ports.ServiceType = "NodePort"
	q, err := f.mine(t).PoolUp(t.Context(), f.stack, ports)
	assert.NilError(t, err)
	assert.Assert(t, q.ID != p.ID)
	i, result := f.run(t, ClusterRunOptions{ServiceType: "NodePort"})
	assert.Equal(t, i.Pool, q.ID)
	assert.DeepEqual(t, result.Refill, []string{q.ID})
	_, err = f.mine(t).PoolUp(t.Context(), f.stack, poolOptions(0))
	assert.ErrorContains(t, err, "want 1 or more")
}

// TestClusterPoolsAreFilledOnce: several that fill the same pool together start as many as it lacks, and its size can be changed.
func TestClusterPoolsAreFilledOnce(t *testing.T) {
	f := newClusterPoolFixture(t)
	_, err := f.mine(t).PoolUp(t.Context(), f.stack, poolOptions(1))
	assert.NilError(t, err)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			p, err := f.mine(t).PoolUp(context.WithoutCancel(t.Context()), f.stack, poolOptions(3))
			assert.Check(t, err)
			assert.Check(t, p != nil && p.Ready == 3)
		})
	}
	wg.Wait()
	assert.DeepEqual(t, f.states(t), map[State]int{Paused: 3})
	_, err = f.mine(t).PoolUp(t.Context(), f.stack, poolOptions(2))
	assert.NilError(t, err)
	assert.DeepEqual(t, f.states(t), map[State]int{Paused: 2})
}

// TestClusterPoolIsRefused: what the cluster has no room for is an error that says so, and what was there stays.
func TestClusterPoolIsRefused(t *testing.T) {
	f := newClusterPoolFixture(t)
	_, err := f.mine(t).PoolUp(t.Context(), f.stack, poolOptions(1))
	assert.NilError(t, err)
	f.cluster.Fail("create services", 1, http.StatusForbidden, "Forbidden", "exceeded quota: none")
	_, err = f.mine(t).PoolUp(t.Context(), f.stack, poolOptions(2))
	assert.ErrorContains(t, err, "exceeded quota: none")
	assert.DeepEqual(t, f.states(t), map[State]int{Paused: 1})
}

// TestClusterPoolEndsUnderItsFiller: what is being started while its pool ends does not stay, and that is no error.
func TestClusterPoolEndsUnderItsFiller(t *testing.T) {
	f := newClusterPoolFixture(t)
	p, err := f.mine(t).PoolUp(t.Context(), f.stack, poolOptions(1))
	assert.NilError(t, err)
	var once sync.Once
	down := make(chan struct{})
	f.cluster.Behave(func(c *kubetest.Cluster, pod string) {
		once.Do(func() {
			defer close(down)
			assert.Check(t, f.mine(t).PoolDown(context.Background(), []string{p.ID[:6]}, PoolDownOptions{}))
		})
		c.BringUp(pod)
	})
	i, _ := f.run(t, ClusterRunOptions{})
	assert.NilError(t, f.mine(t).PoolFill(t.Context(), f.stack, poolOptions(0), p.ID))
	<-down // it waits until all is gone, and goes on after the filler has seen that it ends
	assert.DeepEqual(t, f.states(t), map[State]int{Ready: 1})
	assert.NilError(t, f.mine(t).Stop(t.Context(), []string{i.Name}, StopOptions{}))
	assert.Equal(t, len(f.cluster.Names()), 0, "%v", f.cluster.Names())
}

// TestClusterPoolTellsNothing: all that stays of a pool is on the cluster, for a while that is bounded; no object says what its
// instances were made for.
func TestClusterPoolTellsNothing(t *testing.T) {
	f := newClusterPoolFixture(t)
	o := poolOptions(1)
	o.Env = map[string]string{"PASSWORD": "hunter2"}
	p, err := f.mine(t).PoolUp(t.Context(), f.stack, o)
	assert.NilError(t, err)
	var job struct {
		Metadata struct{ Annotations map[string]string }
		Spec     struct{ ActiveDeadlineSeconds int }
	}
	f.cluster.Get("jobs", "docker-bmo-pool-"+p.ID, &job)
	ends := time.Duration(job.Spec.ActiveDeadlineSeconds) * time.Second
	assert.Assert(t, ends >= 8*time.Hour && ends < 8*time.Hour+time.Minute, ends)
	assert.Equal(t, job.Metadata.Annotations[label.PoolSize], "1")
	list, err := f.mine(t).List(t.Context(), InstanceFilter{})
	assert.NilError(t, err)
	for name, value := range list[0].Labels {
		assert.Assert(t, !strings.Contains(value, "hunter2"), name)
	}
}
