package bmo

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/engine/enginetest"
	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/launch"
	"github.com/docker-bmo/docker-bmo/snapshot/snapshottest"
	"github.com/docker-bmo/docker-bmo/stack"
)

// poolFixture is an engine with a snapshot of a stack, which pools are made of, and the state folder of a user.
type poolFixture struct {
	*fixture
	stack  *stack.Stack
	state  string
	before []string
}

func newPoolFixture(t *testing.T) *poolFixture {
	t.Helper()
	f := &poolFixture{fixture: newFixture(t), state: t.TempDir(), stack: &stack.Stack{
		Name: "demo", Dir: "/srv/demo", Files: []string{"compose.yaml"},
		Services: []stack.Service{
			{Name: "db", Image: "db:1", Ready: stack.Ready{TCP: &stack.TCP{Port: 3306}}},
			{Name: "web", Image: "web:1", DependsOn: []string{"db"}, Ready: stack.Ready{HTTP: &stack.HTTP{Port: 8000, MinStatus: 200, MaxStatus: 399}}},
		},
		URL: stack.URL{Service: "web", Port: 8000, Environment: map[string]string{"URLBASE": "{{.URL}}/"}},
		Env: map[string]string{"BMO_URL": "{{.URL}}"},
	}}
	programs := map[string]enginetest.Program{
		"db": enginetest.Listening(3306),
		"web": func(p *enginetest.Proc) int {
			p.Listen(8000, enginetest.HTTP(enginetest.Answer(200, "fine")))
			return p.UntilStopped(0)
		},
	}
	f.SetPrograms(func(s enginetest.Spec) enginetest.Program { return programs[s.Labels[label.Service]] })
	f.addInputs(t)
	f.before = f.Objects()
	return f
}

// addInputs adds the snapshot of the stack as it is now.
func (f *poolFixture) addInputs(t *testing.T) {
	t.Helper()
	inputs, err := f.as(t).Inputs(t.Context(), f.stack, BuildOptions{})
	assert.NilError(t, err)
	s := snapshottest.New("demo", inputs[len(inputs)-12:], time.Now(), launch.ServiceNames(f.stack)...)
	s.Inputs = inputs
	snapshottest.Add(f.Fake.Fake, s)
}

// as returns a client of the user.
func (f *poolFixture) as(t *testing.T) *Client {
	t.Helper()
	return f.client(t, WithStateDir(f.state))
}

func (f *poolFixture) up(t *testing.T, size int) *Pool {
	t.Helper()
	p, err := f.as(t).PoolUp(t.Context(), f.stack, PoolOptions{Size: size})
	assert.NilError(t, err)
	return p
}

func (f *poolFixture) run(t *testing.T, o RunOptions) (*Instance, *RunResult) {
	t.Helper()
	r, err := f.as(t).Run(t.Context(), f.stack, o)
	assert.NilError(t, err)
	return r.Instances[0], r
}

func (f *poolFixture) list(t *testing.T) map[string]State {
	t.Helper()
	list, err := f.as(t).List(t.Context(), InstanceFilter{})
	assert.NilError(t, err)
	states := map[string]State{}
	for _, i := range list {
		states[i.Name] = i.State
	}
	return states
}

// TestPoolLooksAgain: a snapshot that somebody removes while a pool is filled is looked up again, a few times.
func TestPoolLooksAgain(t *testing.T) {
	for often, good := range map[int]bool{2: true, 1000: false} {
		t.Run(strconv.Itoa(often), func(t *testing.T) {
			f := newPoolFixture(t)
			f.Fail("POST", "/containers/create", http.StatusNotFound, "No such image: sha256:0", often)
			_, err := f.as(t).PoolUp(t.Context(), f.stack, PoolOptions{Size: 1})
			if good {
				assert.NilError(t, err)
				return
			}
			assert.ErrorContains(t, err, "No such image")
			assert.ErrorContains(t, errors.New(hint.All(err)[0]), "docker bmo prune --all")
		})
	}
}

// TestPoolServesRuns: an instance waits paused, a run takes it with its address, and filling brings the pool to its size
// again.
func TestPoolServesRuns(t *testing.T) {
	f := newPoolFixture(t)
	p := f.up(t, 2)
	assert.Equal(t, p.Ready, 2)
	assert.Equal(t, p.Size, 2)
	states := f.list(t)
	assert.Equal(t, len(states), 2)
	for name, state := range states {
		assert.Equal(t, state, Paused)
		for _, c := range []string{"-db", "-web-pooled"} {
			got, ok := f.Container("docker-bmo-" + name + c)
			assert.Assert(t, ok && got.State == "paused", "%s%s %v", name, c, got.State)
		}
	}
	i, result := f.run(t, RunOptions{Detach: true})
	assert.Equal(t, states[i.Name], Paused, "%s was not taken out of the pool", i.Name)
	assert.Equal(t, i.Env["BMO_URL"], i.URL)
	assert.Assert(t, i.URL != "" && i.Pool == p.ID)
	assert.DeepEqual(t, result.Refill, []string{p.ID})
	assert.Equal(t, f.list(t)[i.Name], Ready)

	assert.NilError(t, f.as(t).PoolFill(t.Context(), f.stack, PoolOptions{}, p.ID))
	count := map[State]int{}
	for _, state := range f.list(t) {
		count[state]++
	}
	assert.DeepEqual(t, count, map[State]int{Paused: 2, Ready: 1})

	var removed []string
	assert.NilError(t, f.as(t).PoolDown(t.Context(), nil, PoolDownOptions{All: true, Removed: func(id string) { removed = append(removed, id) }}))
	assert.DeepEqual(t, removed, []string{p.ID})
	assert.DeepEqual(t, f.list(t), map[string]State{i.Name: Ready})
	assert.NilError(t, f.as(t).Stop(t.Context(), []string{i.Name}, StopOptions{}))
	assert.DeepEqual(t, f.Objects(), f.before)
}

// TestPoolIsForItsOwn: a run that asks for anything else starts its own instance.
func TestPoolIsForItsOwn(t *testing.T) {
	f := newPoolFixture(t)
	p := f.up(t, 1)
	for about, o := range map[string]RunOptions{
		"a name":      {Name: "mine", Detach: true},
		"a variable":  {Env: map[string]string{"A": "B"}, Detach: true},
		"a published": {Publish: []string{"db:3306"}, Detach: true},
	} {
		i, result := f.run(t, o)
		assert.Equal(t, i.Pool, "", about)
		assert.Equal(t, len(result.Refill) > 0 && about != "a published", false, about)
	}
	other, err := f.client(t, WithStateDir(t.TempDir())).Run(t.Context(), f.stack, RunOptions{Detach: true})
	assert.NilError(t, err)
	assert.Equal(t, other.Instances[0].Pool, "", "of another user")
	i, _ := f.run(t, RunOptions{Detach: true})
	assert.Equal(t, i.Pool, p.ID)
}

// TestPoolServesTests: they run against instances of a pool, which is filled again, and which go when the tests are done.
func TestPoolServesTests(t *testing.T) {
	f := newPoolFixture(t)
	p := f.up(t, 2)
	names := f.list(t)
	var (
		mu     sync.Mutex
		used   = map[string]bool{}
		refill []string
	)
	results, err := f.as(t).Test(t.Context(), f.stack, TestOptions{
		RunOptions: RunOptions{Number: 2}, Tests: []string{"a", "b"}, FreshEach: true, Command: []string{"check"},
		Refill: func(pools []string) {
			mu.Lock()
			defer mu.Unlock()
			refill = append(refill, pools...)
		},
		Do: func(_ context.Context, r TestRun) error {
			mu.Lock()
			defer mu.Unlock()
			used[r.Instance.Name] = true
			return nil
		},
	})
	assert.NilError(t, err)
	assert.Assert(t, results[0].Passed() && results[1].Passed())
	assert.DeepEqual(t, slices.Sorted(maps.Keys(used)), slices.Sorted(maps.Keys(names)))
	assert.DeepEqual(t, slices.Compact(refill), []string{p.ID}) // once or twice: who is told while another asks relies on that one
	assert.Equal(t, len(f.list(t)), 0)
}

// TestPoolServesEachOnce: of many runs at the same time, no two take the same instance, and those that find none start
// their own.
func TestPoolServesEachOnce(t *testing.T) {
	f := newPoolFixture(t)
	p := f.up(t, 4)
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		names = map[string]int{}
		taken int
	)
	for range 8 {
		c := f.as(t)
		wg.Go(func() {
			r, err := c.Run(context.Background(), f.stack, RunOptions{Detach: true})
			if !assert.Check(t, err) {
				return
			}
			mu.Lock()
			defer mu.Unlock()
			names[r.Instances[0].Name]++
			if r.Instances[0].Pool == p.ID {
				taken++
			}
		})
	}
	wg.Wait()
	assert.Equal(t, len(names), 8, "%v", names)
	assert.Equal(t, taken, 4)
}

// TestPoolsAreFilledOnce: several that fill the same pool together start as many as it lacks.
func TestPoolsAreFilledOnce(t *testing.T) {
	f := newPoolFixture(t)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			_, err := f.as(t).PoolUp(context.Background(), f.stack, PoolOptions{Size: 3})
			assert.Check(t, err)
		})
	}
	wg.Wait()
	assert.Equal(t, len(f.list(t)), 3)
}

// TestPoolSize: the size can be changed, both ways.
func TestPoolSize(t *testing.T) {
	f := newPoolFixture(t)
	first := f.up(t, 1)
	for _, size := range []int{3, 2} {
		p := f.up(t, size)
		assert.Equal(t, p.ID, first.ID)
		assert.Equal(t, p.Ready, size)
		assert.Equal(t, len(f.list(t)), size)
	}
	pools, err := f.as(t).Pools(t.Context())
	assert.NilError(t, err)
	assert.Equal(t, len(pools), 1)
}

// TestPoolFollowsItsApplication: when the inputs have changed, no run takes what waits of the old ones, and the next filling
// replaces it.
func TestPoolFollowsItsApplication(t *testing.T) {
	f := newPoolFixture(t)
	p := f.up(t, 2)
	old := f.list(t)
	f.stack.Services[1].Image = "web:2"
	f.addInputs(t)
	i, result := f.run(t, RunOptions{Detach: true})
	assert.Equal(t, i.Pool, "")
	assert.DeepEqual(t, result.Refill, []string{p.ID})
	assert.NilError(t, f.as(t).PoolFill(t.Context(), f.stack, PoolOptions{}, p.ID))
	pools, err := f.as(t).Pools(t.Context())
	assert.NilError(t, err)
	assert.Equal(t, len(pools), 1)
	assert.Equal(t, pools[0].Ready, 2)
	assert.Equal(t, pools[0].Key, i.Key)
	list, err := f.as(t).List(t.Context(), InstanceFilter{States: []State{Paused}})
	assert.NilError(t, err)
	for _, m := range list {
		assert.Equal(t, m.Key, i.Key)
	}
	assert.Equal(t, len(old), 2)
}

// TestPoolStaysWithinMemory: three quarters of the engine's 8 GiB are 30 instances of 200 MiB.
func TestPoolStaysWithinMemory(t *testing.T) {
	f := newPoolFixture(t)
	f.SetMemory(8<<30, 150<<20, 50<<20)
	_, err := f.as(t).PoolUp(t.Context(), f.stack, PoolOptions{Size: 40})
	assert.ErrorIs(t, err, ErrPoolMemory)
	assert.Equal(t, len(f.list(t)), 30)
	assert.Assert(t, slices.ContainsFunc(Hints(err), func(h string) bool { return strings.Contains(h, "--size 30") }))
}

// TestPoolRefusesASecretThatTestsAreTold: only who has started an instance knows it.
func TestPoolRefusesASecretThatTestsAreTold(t *testing.T) {
	f := newPoolFixture(t)
	f.stack.Env["TOKEN"] = `{{.Secret "token"}}`
	_, err := f.as(t).PoolUp(t.Context(), f.stack, PoolOptions{Size: 1})
	assert.ErrorContains(t, err, "secret")
	_, err = f.as(t).PoolUp(t.Context(), f.stack, PoolOptions{})
	assert.Error(t, err, "invalid size 0 of a pool: want 1 or more")
}

// TestPoolEndsUnderItsFiller: an instance that is started while the pool ends does not stay.
func TestPoolEndsUnderItsFiller(t *testing.T) {
	f := newPoolFixture(t)
	p := f.up(t, 1)
	i, _ := f.run(t, RunOptions{Detach: true})
	assert.Equal(t, i.Pool, p.ID)
	var once sync.Once
	f.After("POST", "/containers/.*/start", func(*http.Request) {
		once.Do(func() { assert.Check(t, f.as(t).PoolDown(context.Background(), []string{p.ID[:6]}, PoolDownOptions{})) })
	})
	assert.NilError(t, f.as(t).PoolFill(t.Context(), f.stack, PoolOptions{}, p.ID))
	assert.DeepEqual(t, f.list(t), map[string]State{i.Name: Ready})
}

// TestStopLeavesPoolsAlone: also what is being started for one.
func TestStopLeavesPoolsAlone(t *testing.T) {
	f := newPoolFixture(t)
	p := f.up(t, 1)
	i, _ := f.run(t, RunOptions{Detach: true})
	var once sync.Once
	f.After("POST", "/containers/.*/start", func(*http.Request) {
		once.Do(func() { assert.Check(t, f.as(t).Stop(context.Background(), nil, StopOptions{All: true})) })
	})
	assert.NilError(t, f.as(t).PoolFill(t.Context(), f.stack, PoolOptions{}, p.ID))
	states := f.list(t)
	_, there := states[i.Name]
	assert.Assert(t, !there)
	assert.Equal(t, len(states), 1)
}

// TestPoolEndsAndAStartFails: what has started before does not stay.
func TestPoolEndsAndAStartFails(t *testing.T) {
	f := newPoolFixture(t)
	p := f.up(t, 2)
	f.run(t, RunOptions{Detach: true, Number: 2})
	var once sync.Once
	f.After("POST", "/containers/.*/rename", func(r *http.Request) {
		if !strings.HasSuffix(r.URL.Query().Get("name"), "-pooled") {
			return
		}
		once.Do(func() {
			marks, err := f.as(t).poolMarks(context.Background(), p.ID)
			assert.Check(t, err)
			assert.Check(t, f.Engine(t).RemoveVolume(context.Background(), poolVolume(p.ID, marks[0].Size)))
			f.Fail("POST", "/containers/.*/start", 500, "no", 100)
			f.Fail("POST", "/containers/.*/pause", 500, "no", 100)
			f.Fail("POST", "/containers/create", 500, "no", 100)
		})
	})
	assert.NilError(t, f.as(t).PoolFill(t.Context(), f.stack, PoolOptions{}, p.ID))
	for name, state := range f.list(t) {
		assert.Equal(t, state, Ready, name)
	}
}

// TestPoolIsToldOfWhatItMissed: who comes while another fills the pool leaves that to it.
func TestPoolIsToldOfWhatItMissed(t *testing.T) {
	f := newPoolFixture(t)
	p := f.up(t, 1)
	f.run(t, RunOptions{Detach: true})
	var once sync.Once
	// The filling has made its instance, and is about to end, when somebody takes that and asks for another one.
	f.After("POST", "/containers/.*/rename", func(r *http.Request) {
		if !strings.HasSuffix(r.URL.Query().Get("name"), "-pooled") {
			return
		}
		once.Do(func() {
			i, _ := f.run(t, RunOptions{Detach: true})
			assert.Check(t, i.Pool == p.ID)
			assert.Check(t, f.as(t).PoolFill(context.Background(), f.stack, PoolOptions{}, p.ID))
		})
	})
	assert.NilError(t, f.as(t).PoolFill(t.Context(), f.stack, PoolOptions{}, p.ID))
	pools, err := f.as(t).Pools(t.Context())
	assert.NilError(t, err)
	assert.Equal(t, pools[0].Ready, 1)
}

// TestPoolTellsNothing: what an instance is made for is in no label, not even as a digest that could be guessed.
func TestPoolTellsNothing(t *testing.T) {
	f := newPoolFixture(t)
	_, err := f.as(t).PoolUp(t.Context(), f.stack, PoolOptions{Size: 1, Env: map[string]string{"PASSWORD": "hunter2"}})
	assert.NilError(t, err)
	for name := range f.list(t) {
		c, ok := f.Container("docker-bmo-" + name + "-db")
		assert.Assert(t, ok)
		labels := strings.Join(slices.Collect(maps.Values(c.Config.Labels)), " ")
		assert.Assert(t, !strings.Contains(labels, "hunter2"))
	}
	other := &poolFixture{fixture: f.fixture, stack: f.stack, state: t.TempDir()}
	a, err := f.as(t).digest("x")
	assert.NilError(t, err)
	b, err := other.as(t).digest("x")
	assert.NilError(t, err)
	assert.Assert(t, a != b)
	_, err = os.Stat(f.as(t).poolFile("x", ".lock"))
	assert.Assert(t, os.IsNotExist(err))
}
