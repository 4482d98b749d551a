package main

import (
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/instance"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/internal/owner"
	"github.com/docker-bmo/docker-bmo/snapshot"
)

// threeInstances starts one that is running, one that has ended, and one that is still starting.
func threeInstances(t *testing.T) *terminal {
	x := newTerminal(t)
	s := x.addSnapshot(snapshot.Snapshot{Key: key("a"), Stack: "shop", Created: time.Now().UTC()}, nil)
	other := x.addSnapshot(snapshot.Snapshot{Key: key("b"), Stack: "other", Created: time.Now().UTC()}, nil)
	x.start(s, instance.Request{Name: "one", Detach: true})
	two := x.start(other, instance.Request{Name: "two", Detach: true, Flavor: "regular"})
	assert.NilError(t, x.Engine(t).Signal(t.Context(), two.Services["web"], "KILL"))
	_, err := x.AddNetwork("docker-bmo-three", map[string]string{
		label.Role: label.RoleInstance, label.Instance: "three", label.Key: s.Key,
		label.Stack: "shop", label.Flavor: "low", label.Owner: owner.Current().String(),
		label.Created: time.Now().UTC().Add(time.Second).Format(time.RFC3339Nano),
	})
	assert.NilError(t, err)
	at(time.Now().Add(130 * time.Minute))
	return x
}

func TestPsStates(t *testing.T) {
	x := threeInstances(t)
	for name, args := range map[string][]string{
		"ps-quiet-format": {"-q", "--format", "json"},
		"ps-running":      nil, "ps-all": {"-a"}, "ps-all-json": {"-a", "--format", "json"},
		"ps-all-table-template": {"-a", "--format", `table {{.Name}}\t{{.Status}}\t{{upper .Stack}}`},
	} {
		assert.Equal(t, x.run(append([]string{"ps"}, args...)...), 0)
		x.golden(name)
	}
}

func TestPsFilter(t *testing.T) {
	x := threeInstances(t)
	for _, c := range []struct {
		args []string
		want string
	}{
		{nil, "one\n"},
		{[]string{"-a"}, "three\ntwo\none\n"},
		{[]string{"-f", "status=exited"}, "two\n"},
		{[]string{"-f", "status=exited", "-f", "status=starting"}, "three\ntwo\n"},
		{[]string{"-a", "-f", "name=^t"}, "three\ntwo\n"},
		{[]string{"-a", "-f", "name=hre"}, "three\n"},
		{[]string{"-a", "-f", "flavor=regular"}, "two\n"},
		{[]string{"-a", "-f", "snapshot=aaaa"}, "three\none\n"},
		{[]string{"-a", "-f", "snapshot=aaaa", "-f", "status=running"}, "one\n"},
		{[]string{"-a", "-f", "stack=shop"}, "three\ntwo\none\n"},
		{[]string{"-a", "-f", "stack=nope"}, ""},
	} {
		assert.Equal(t, x.run(append([]string{"ps", "-q"}, c.args...)...), 0, "%v", c.args)
		assert.Equal(t, x.out, c.want, "%v", c.args)
	}
}

func TestPsMistakes(t *testing.T) {
	x := newTerminal(t)
	for name, args := range map[string][]string{
		"ps-bad-filter": {"-f", "colour=red"},
		"ps-bad-status": {"-f", "status=asleep"},
		"ps-bad-format": {"--format", "{{.Nope}}"},
	} {
		x.start(x.addSnapshot(snapshot.Snapshot{Key: key("a"), Stack: "shop", Created: time.Now().UTC()}, nil),
			instance.Request{Detach: true})
		assert.Equal(t, x.run(append([]string{"ps"}, args...)...), 1, name)
		x.golden(name)
	}
}
