package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/e2e/harness"
)

// Old snapshots piled up.
func TestPrune(t *testing.T) {
	t.Parallel()
	a, other := harness.NewMini(t, "prune", nil), harness.NewMini(t, "prune-other", nil)
	kept := other.Build(t)
	var keys []string // newest first
	for n := range 3 {
		a.Write(t, "../shared/greeting", fmt.Sprint(n))
		keys = append([]string{a.Build(t)}, keys...)
	}
	prune := func(flags ...string) string {
		t.Helper()
		return harness.BMO(t, append([]string{"prune", "--stack", a.Name}, flags...)...).OK(t).Stdout
	}
	has := func(want ...string) {
		t.Helper()
		assert.Equal(t, strings.Join(a.Keys(t), " "), strings.Join(want, " "))
	}

	out := prune("--dry-run")
	assert.Assert(t, !strings.Contains(out, keys[0]) && strings.Contains(out, keys[1]) && strings.Contains(out, keys[2]), out)
	has(keys...)
	prune("--all", "--force", "--older-than", "1h")
	has(keys...)
	prune("--all") // asks, and nobody says yes
	has(keys...)

	a.Write(t, "../shared/greeting", "0")
	i := a.Run(t) // from the oldest
	prune("--force", "--keep-last", "0", "--older-than", "1ns")
	has(keys[2])
	harness.Get(t, i.URL)
	i.Remove(t)

	out = prune("--all", "--force")
	has()
	for _, words := range []string{"Deleted Images:\n", "untagged: docker-bmo/" + a.Name + "-web:" + keys[2] + "\n", "deleted: sha256:", "Total reclaimed space: "} {
		assert.Assert(t, strings.Contains(out, words), "no %q in:\n%s", words, out)
	}
	assert.DeepEqual(t, other.Keys(t), []string{kept})
}

func TestPruneKeepsTheLast(t *testing.T) {
	t.Parallel()
	a := harness.NewMini(t, "keep", nil)
	var keys []string // newest first
	for n := range 3 {
		a.Write(t, "../shared/greeting", fmt.Sprint(n))
		keys = append([]string{a.Build(t)}, keys...)
	}
	harness.BMO(t, "prune", "--stack", a.Name, "--force", "--keep-last", "2").OK(t)
	assert.DeepEqual(t, a.Keys(t), keys[:2])
	harness.BMO(t, "prune", "--stack", a.Name, "--force").OK(t)
	assert.DeepEqual(t, a.Keys(t), keys[:1])

	// One can be removed by name.
	assert.Equal(t, harness.BMO(t, "snapshot", "rm", keys[0]).OK(t).Text(), keys[0])
	assert.Equal(t, len(a.Keys(t)), 0)
}

// The engine's own filter would go by the image's time on one image store, and by the time of its name on the other:
// what counts is when the snapshot was made.
func TestPruneUntilIsTheSnapshotsOwnTime(t *testing.T) {
	t.Parallel()
	a := harness.NewMini(t, "until", nil)
	key := a.Build(t)
	made := time.Now()
	id, name := a.Image(t, key, "web"), "docker-bmo/"+a.Name+"-web:"+key
	keep := harness.StackName("until-mine") + ":1"
	harness.Docker(t, "tag", id, keep)
	harness.Docker(t, "rmi", name)
	harness.Docker(t, "tag", id, name)
	harness.Docker(t, "rmi", keep)

	prune := func(until time.Time) {
		t.Helper()
		harness.BMO(t, "prune", "--all", "--force", "--stack", a.Name, "--filter", "until="+until.Format(time.RFC3339Nano)).OK(t)
	}
	prune(made.Add(-time.Hour))
	assert.DeepEqual(t, a.Keys(t), []string{key})
	prune(made)
	assert.Equal(t, len(a.Keys(t)), 0)
}

// Untagged ones vanished: an image that has no name is taken by docker's own prune.
func TestDockersOwnPruneTakesNoSnapshot(t *testing.T) {
	a := harness.NewMini(t, "dangling", nil)
	key := a.Build(t)
	prune := []string{"image", "prune", "--force"}
	if !harness.Suite.Strict { // what others on the engine left without a name is theirs
		prune = append(prune, "--filter", "label="+harness.StackLabel+"="+a.Name)
	}
	harness.Docker(t, prune...)
	assert.DeepEqual(t, a.Keys(t), []string{key})
	harness.Get(t, a.Run(t).URL)
}
