package bmo

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/bootstrap"
	"github.com/docker-bmo/docker-bmo/contexts"
	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/engine/enginetest"
	"github.com/docker-bmo/docker-bmo/instance/instancetest"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/snapshot"
	"github.com/docker-bmo/docker-bmo/snapshot/snapshottest"
	"github.com/docker-bmo/docker-bmo/stack"
)

// shop is a stack with a checkpoint after the first of two steps; the worker has to do with the second one only.
func shop() *stack.Stack {
	return &stack.Stack{
		Name: "shop",
		Services: []stack.Service{
			{Name: "cache"},
			{Name: "db", Snapshot: true, Ready: stack.Ready{MySQL: &stack.MySQL{}}},
			{Name: "web", Snapshot: true, DependsOn: []string{"cache", "db"}},
			{Name: "worker", Snapshot: true, DependsOn: []string{"db"}},
		},
		Bootstrap: []stack.Step{
			{Service: "web", Command: []string{"schema"}, Checkpoint: true},
			{Service: "worker", Command: []string{"data"}},
		},
	}
}

// built is a pipeline of a stack whose images are built.
type built struct {
	*fixture
	*pipeline
	images map[string]string
}

func newBuilt(t *testing.T, st *stack.Stack) *built {
	t.Helper()
	d := newFixture(t)
	p := &pipeline{client: d.client(t), engine: d.Engine(t), stack: st, info: engine.Info{OS: "linux", Arch: "amd64"}}
	p.inputs.Contexts = map[string]string{}
	p.request.Contexts = &contexts.Result{}
	b := &built{d, p, map[string]string{}}
	for _, s := range st.Services {
		b.images[s.Name] = "built-" + s.Name
		b.build(s.Name, "1")
		b.inputs.Contexts["service/"+s.Name] = "sha256:1"
	}
	return b
}

// build gives a service's image other content.
func (b *built) build(service, content string) {
	b.AddImage(enginetest.Image{Tags: []string{b.images[service]}, Layers: []enginetest.Layer{{Name: "base"}, {Name: service + content}}})
}

func (b *built) keys(t *testing.T) (keys []string) {
	t.Helper()
	list, err := b.checkpoints(t.Context(), b.images, b.parts())
	assert.NilError(t, err)
	for _, c := range list {
		keys = append(keys, c.Snapshot.Key)
	}
	return keys
}

// TestCheckpointKeys: what comes later does not count, and what comes before does.
func TestCheckpointKeys(t *testing.T) {
	base := newBuilt(t, shop()).keys(t)
	assert.Equal(t, len(base), 1)
	for _, c := range []struct {
		what   string
		same   bool
		change func(*built)
	}{
		{"nothing", true, func(*built) {}},
		{"command of the later step", true, func(b *built) { b.stack.Bootstrap[1].Command = []string{"more"} }},
		{"one more step", true, func(b *built) { b.stack.Bootstrap = append(b.stack.Bootstrap, stack.Step{Service: "web"}) }},
		{"image of the later step", true, func(b *built) { b.build("worker", "2") }},
		{"environment of the later step's service", true, func(b *built) { b.stack.Services[3].Environment = map[string]string{"A": "1"} }},
		{"context that changes no image", true, func(b *built) { b.inputs.Contexts["service/web"] = "sha256:2" }},
		{"timeout", true, func(b *built) { b.stack.Bootstrap[0].Timeout = time.Minute }},
		{"command", false, func(b *built) { b.stack.Bootstrap[0].Command = []string{"tables"} }},
		{"environment of the step", false, func(b *built) { b.stack.Bootstrap[0].Environment = map[string]string{"A": "1"} }},
		{"environment of the database", false, func(b *built) { b.stack.Services[1].Environment = map[string]string{"A": "1"} }},
		{"image of the step", false, func(b *built) { b.build("web", "2") }},
		{"image of the database", false, func(b *built) { b.build("db", "2") }},
		{"image of what is not kept", false, func(b *built) { b.build("cache", "2") }},
		{"a step before", false, func(b *built) { b.stack.Bootstrap = slices.Insert(b.stack.Bootstrap, 0, stack.Step{Service: "web"}) }},
		{"platform", false, func(b *built) { b.info.Arch = "arm64" }},
	} {
		b := newBuilt(t, shop())
		c.change(b)
		assert.Equal(t, slices.Equal(b.keys(t), base), c.same, c.what)
	}
}

func TestCheckpointsOfAStack(t *testing.T) {
	b := newBuilt(t, shop())
	b.stack.Bootstrap[1].Checkpoint = true
	list, err := b.checkpoints(t.Context(), b.images, map[string]string{"ci": "1", label.Config + "web": "1", label.Config + "worker": "1"})
	assert.NilError(t, err)
	assert.Equal(t, len(list), 2)
	assert.Assert(t, list[0].Snapshot.Key != list[1].Snapshot.Key)
	assert.DeepEqual(t, list[0].Snapshot.Services, []string{"db", "web"})
	assert.DeepEqual(t, list[1].Snapshot.Services, []string{"db", "web", "worker"})
	assert.Equal(t, list[1].Snapshot.AfterStep, 2)
	assert.DeepEqual(t, list[0].Labels, map[string]string{
		"ci": "1", label.Config + "web": "1", label.Steps: partDigest(b.stack.Bootstrap[:1]), label.StepDigests: "web=" + partDigest(b.stack.Bootstrap[0]),
	})
	b.stack.Bootstrap[0].Service, b.stack.Bootstrap[0].Exec = "cache", true // nothing of that is kept
	list, err = b.checkpoints(t.Context(), b.images, map[string]string{})
	assert.NilError(t, err)
	assert.Equal(t, len(list), 1)
}

// made adds a checkpoint to the engine.
func (b *built) made(c bootstrap.Checkpoint) snapshot.Snapshot {
	for _, service := range c.Snapshot.Services {
		b.add(c.Snapshot, c.Labels, service)
	}
	return c.Snapshot
}

// add adds an image of a snapshot, as one that was committed on top of what is built.
func (b *built) add(s snapshot.Snapshot, labels map[string]string, service string) {
	of, _ := b.Image(b.images[service])
	all := s.Labels()
	for k, v := range labels {
		all[k] = v
	}
	all[label.Service] = service
	b.AddImage(enginetest.Image{
		Tags: []string{snapshot.Tag(s.Stack, service, s.Key)}, Labels: all, Created: s.Created,
		Layers: append(slices.Clone(of.Layers), enginetest.Layer{Name: s.Key + service}),
	})
}

// TestOrigin: a bootstrap goes on from the last checkpoint that is there, and makes those after it.
func TestOrigin(t *testing.T) {
	b := newBuilt(t, shop())
	b.stack.Bootstrap[1].Checkpoint = true
	list, err := b.checkpoints(t.Context(), b.images, b.parts())
	assert.NilError(t, err)
	from, missing, err := b.origin(t.Context(), list)
	assert.NilError(t, err)
	assert.Assert(t, from == nil && len(missing) == 2)
	first := b.made(list[0])
	from, missing, err = b.origin(t.Context(), list)
	assert.NilError(t, err)
	assert.Equal(t, from.Snapshot.Key, first.Key)
	assert.Equal(t, from.Steps, 1)
	assert.DeepEqual(t, from.Services, first.Services)
	assert.Equal(t, len(missing), 1)
	b.made(list[1])
	from, missing, err = b.origin(t.Context(), list)
	assert.NilError(t, err)
	assert.Assert(t, from.Steps == 2 && len(missing) == 0)
	b.options.NoCache = true
	from, missing, err = b.origin(t.Context(), list)
	assert.NilError(t, err)
	assert.Assert(t, from == nil && len(missing) == 2)
	// Half of one is none.
	b.options.NoCache = false
	_, _, err = b.engine.RemoveImage(t.Context(), snapshot.Tag("shop", "worker", list[1].Snapshot.Key))
	assert.NilError(t, err)
	from, _, err = b.origin(t.Context(), list)
	assert.NilError(t, err)
	assert.Equal(t, from.Steps, 1)
}

func TestPlanCheckpoint(t *testing.T) {
	b := newBuilt(t, shop())
	labels := b.imageLabels(nil)
	list, err := b.checkpoints(t.Context(), b.images, labels)
	assert.NilError(t, err)
	plan := func() *BuildPlan {
		p := &BuildPlan{Steps: []string{"one", "two"}}
		assert.NilError(t, b.planCheckpoint(t.Context(), p))
		return p
	}
	assert.Assert(t, plan().Checkpoint == nil)
	c := b.made(list[0])
	p := plan()
	assert.Equal(t, p.Checkpoint.Key, c.Key)
	assert.DeepEqual(t, p.Steps, []string{"two"})
	assert.Equal(t, len(p.CheckpointDiffers), 0)
	b.inputs.Contexts["service/worker"] = "sha256:2" // nothing that the checkpoint has to do with
	assert.Equal(t, len(plan().CheckpointDiffers), 0)
	b.inputs.Contexts["service/web"] = "sha256:2"
	p = plan()
	assert.Equal(t, p.Checkpoint.Key, c.Key)
	assert.DeepEqual(t, p.Steps, []string{"one", "two"})
	assert.DeepEqual(t, p.CheckpointDiffers, []string{"the build context of web"})
	b.options.NoCache = true
	assert.Assert(t, plan().Checkpoint == nil)
	b.options.NoCache = false
	b.stack.Bootstrap[0].Command = []string{"tables"}
	assert.Assert(t, plan().Checkpoint == nil)
}

// TestFromNearest: what has more of the steps behind it serves, although it was made of something else, but never data of
// another image.
func TestFromNearest(t *testing.T) {
	b := newBuilt(t, shop())
	labels := b.imageLabels(nil)
	list, err := b.checkpoints(t.Context(), b.images, labels)
	assert.NilError(t, err)
	checkpoint := b.made(list[0])
	near := snapshottest.New("shop", "aa", instancetest.Noon, "cache", "db", "web", "worker")
	for _, service := range near.Services {
		b.add(near, labels, service)
	}
	from := bootstrap.OriginOf(checkpoint)
	nearest := func() (*bootstrap.Origin, map[string]string) {
		b.want = snapshottest.New("shop", "bb", instancetest.Noon)
		labels := map[string]string{}
		o, err := b.fromNearest(t.Context(), from, b.images, labels)
		assert.NilError(t, err)
		return o, labels
	}

	b.build("web", "2")
	b.inputs.Contexts["service/web"] = "sha256:2"
	o, said := nearest()
	assert.Assert(t, o.Nearest)
	assert.Equal(t, o.Snapshot.Key, near.Key)
	assert.Equal(t, o.Steps, 2)
	assert.DeepEqual(t, o.Services, []string{"db", "worker"})
	assert.Equal(t, b.want.Key, snapshot.NearestKey(snapshottest.Key("bb"), near.Key))
	assert.Equal(t, b.want.Parent, near.Key)
	assert.Assert(t, b.want.Inputs != b.inputs.Digest())
	assert.DeepEqual(t, said, map[string]string{
		label.Drift: "the build context of web; image of web, which has no files that the steps have written",
	})

	plan := &BuildPlan{Checkpoint: &checkpoint}
	assert.NilError(t, b.planNearest(t.Context(), plan))
	assert.Equal(t, plan.From.Key, near.Key)
	assert.Equal(t, plan.FromStep, 2)

	b.build("db", "2")
	o, said = nearest()
	assert.Assert(t, o == from && len(said) == 0)
	assert.Equal(t, b.want.Key, snapshottest.Key("bb"))
	b.build("db", "1")
	b.stack.Bootstrap[1].Command = []string{"other data"}
	o, _ = nearest()
	assert.Assert(t, o == from)
	from = nil // the image of its step is another one by now
	o, said = nearest()
	assert.Equal(t, o.Snapshot.Key, checkpoint.Key)
	assert.Equal(t, o.Steps, 1)
	assert.DeepEqual(t, o.Services, []string{"db"})
	assert.Assert(t, said[label.Drift] != "")
	b.stack.Bootstrap[0].Command = []string{"other tables"}
	o, _ = nearest()
	assert.Assert(t, o == nil)
}

// TestNearestIsSaid: every command that makes such a snapshot, or finds it, says so.
func TestNearestIsSaid(t *testing.T) {
	d := newFixture(t)
	var said bytes.Buffer
	c := d.client(t, WithWarnings(func(err error) { said.WriteString(err.Error()) }))
	p := &pipeline{client: c}
	s := snapshottest.New("shop", "bb", instancetest.Noon, "web")
	p.warnNearest(&s)
	p.warnNearest(nil)
	assert.Equal(t, said.String(), "")
	s.Parent = snapshottest.Key("aa")
	s.Images = map[string]engine.Image{"web": {Labels: map[string]string{label.Drift: "context app"}}}
	p.warnNearest(&s)
	assert.Equal(t, said.String(), "snapshot bb0000000000 is not bootstrapped as a whole: it goes on from aa0000000000, whose inputs differ: context app")
}
