package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"gotest.tools/v3/assert"
)

// Old snapshots piled up.
func TestStory15Prune(t *testing.T) {
	t.Parallel()
	a, other := newMini(t, "prune", nil), newMini(t, "prune-other", nil)
	kept := other.build(t)
	var keys []string // newest first
	for n := range 3 {
		a.write(t, "../shared/greeting", fmt.Sprint(n))
		keys = append([]string{a.build(t)}, keys...)
	}
	prune := func(flags ...string) string {
		t.Helper()
		return bmo(t, append([]string{"prune", "--stack", a.name}, flags...)...).ok(t).stdout
	}
	has := func(want ...string) {
		t.Helper()
		assert.Equal(t, strings.Join(a.keys(t), " "), strings.Join(want, " "))
	}

	out := prune("--dry-run")
	assert.Assert(t, !strings.Contains(out, keys[0]) && strings.Contains(out, keys[1]) && strings.Contains(out, keys[2]), out)
	has(keys...)
	prune("--all", "--force", "--older-than", "1h")
	has(keys...)
	prune("--all") // asks, and nobody says yes
	has(keys...)

	a.write(t, "../shared/greeting", "0")
	i := a.run(t) // from the oldest
	prune("--force", "--keep-last", "0", "--older-than", "1ns")
	has(keys[2])
	get(t, i.URL)
	i.remove(t)

	out = prune("--all", "--force")
	has()
	for _, words := range []string{"Deleted Images:\n", "untagged: docker-bmo/" + a.name + "-web:" + keys[2] + "\n", "deleted: sha256:", "Total reclaimed space: "} {
		assert.Assert(t, strings.Contains(out, words), "no %q in:\n%s", words, out)
	}
	assert.DeepEqual(t, other.keys(t), []string{kept})
}

func TestStory15KeepLast(t *testing.T) {
	t.Parallel()
	a := newMini(t, "keep", nil)
	var keys []string // newest first
	for n := range 3 {
		a.write(t, "../shared/greeting", fmt.Sprint(n))
		keys = append([]string{a.build(t)}, keys...)
	}
	bmo(t, "prune", "--stack", a.name, "--force", "--keep-last", "2").ok(t)
	assert.DeepEqual(t, a.keys(t), keys[:2])
	bmo(t, "prune", "--stack", a.name, "--force").ok(t)
	assert.DeepEqual(t, a.keys(t), keys[:1])

	// One can be removed by name, unless an instance runs from it.
	i := a.run(t)
	bmo(t, "snapshot", "rm", keys[0]).fails(t, 1, "in use", "\nhint: ")
	assert.DeepEqual(t, a.keys(t), keys[:1])
	i.remove(t)
	assert.Equal(t, bmo(t, "snapshot", "rm", keys[0]).ok(t).text(), keys[0])
	assert.Equal(t, len(a.keys(t)), 0)
	bmo(t, "snapshot", "rm", keys[0]).fails(t, 1, "no such snapshot", "\nhint: ")
}

// The engine's own filter would go by the image's time on one image store, and by the time of its name on the other:
// what counts is when the snapshot was made.
func TestStory15UntilIsTheSnapshotsOwnTime(t *testing.T) {
	t.Parallel()
	a := newMini(t, "until", nil)
	key := a.build(t)
	made := time.Now()
	id, name := a.image(t, key, "web"), "docker-bmo/"+a.name+"-web:"+key
	keep := stackName("until-mine") + ":1"
	docker(t, "tag", id, keep)
	docker(t, "rmi", name)
	docker(t, "tag", id, name)
	docker(t, "rmi", keep)

	prune := func(until time.Time) {
		t.Helper()
		bmo(t, "prune", "--all", "--force", "--stack", a.name, "--filter", "until="+until.Format(time.RFC3339Nano)).ok(t)
	}
	prune(made.Add(-time.Hour))
	assert.DeepEqual(t, a.keys(t), []string{key})
	prune(made)
	assert.Equal(t, len(a.keys(t)), 0)
}

// Untagged ones vanished: an image that has no name is taken by docker's own prune.
func TestStory15DockersOwnPruneTakesNoSnapshot(t *testing.T) {
	a := newMini(t, "dangling", nil)
	key := a.build(t)
	prune := []string{"image", "prune", "--force"}
	if !suite.strict { // what others on the engine left without a name is theirs
		prune = append(prune, "--filter", "label="+stackLabel+"="+a.name)
	}
	docker(t, prune...)
	assert.DeepEqual(t, a.keys(t), []string{key})
	get(t, a.run(t).URL)
}
