package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/e2e/harness"
)

// The map from base to bootstrapped image sat in a file that went stale. Now what an image's labels say is true,
// whatever it is called.
func TestLabelsAreTheTruth(t *testing.T) {
	t.Parallel()
	a := harness.NewMini(t, "labels", nil)
	key := a.Build(t)
	id, name := a.Image(t, key, "web"), "docker-bmo/"+a.Name+"-web:"+key

	// Another name, and its own one gone.
	mine := harness.StackName("mine") + ":1"
	harness.Docker(t, "tag", name, mine)
	harness.Docker(t, "rmi", name)
	stillHas(t, a, key, id)

	// Its own name on somebody else's image.
	foreign := harness.ForeignImage(t, name)
	harness.Docker(t, "rmi", mine) // the last name, but one that a container uses keeps its image
	assert.Equal(t, len(a.Keys(t)), 0)

	// What bears our name and not our labels is not ours to remove.
	assert.NilError(t, a.Clear())
	assert.Equal(t, harness.Docker(t, "images", "--no-trunc", "--quiet", name), foreign)
}

// stillHas fails the test unless the stack's one snapshot is found, not made again, and runs from that image.
func stillHas(t testing.TB, a *harness.App, key, image string) {
	t.Helper()
	assert.DeepEqual(t, a.Keys(t), []string{key})
	r := a.Do(t, "build").OK(t)
	assert.Equal(t, r.Text(), key)
	assert.Assert(t, strings.Contains(r.Stderr, "up to date"), r.Stderr)
	i := a.Run(t)
	assert.Equal(t, harness.Docker(t, "inspect", "--format", "{{.Image}}", i.Services["web"]), image)
	harness.Get(t, i.URL)
	i.Remove(t)
}

// An image that somebody builds from one of ours inherits its labels, and is still none of ours.
func TestDerivedImageIsNoSnapshot(t *testing.T) {
	t.Parallel()
	a := harness.NewMini(t, "derived", nil)
	key := a.Build(t)
	id := a.Image(t, key, "web")
	var labels map[string]string
	assert.NilError(t, json.Unmarshal([]byte(harness.Docker(t, "image", "inspect", "--format", "{{json .Config.Labels}}", id)), &labels))
	changes := []string{"--change", `CMD ["false"]`}
	for k, v := range labels {
		changes = append(changes, "--change", fmt.Sprintf("LABEL %q=%q", k, v))
	}
	derived := harness.ForeignImage(t, harness.StackName("derived-mine")+":1", changes...)
	stillHas(t, a, key, id)

	assert.NilError(t, a.Clear())
	assert.Equal(t, len(a.Keys(t)), 0)
	harness.Docker(t, "image", "inspect", derived)
}

// Labels are added to a snapshot that is there without bootstrapping again, and prune goes by them.
func TestUserLabels(t *testing.T) {
	t.Parallel()
	a := harness.NewMini(t, "user-labels", nil)
	key := a.Build(t)
	before := a.Image(t, key, "web")
	r := a.Do(t, "build", "--label", "ci.run=42", "--progress", "plain").OK(t)
	assert.Equal(t, r.Text(), key)
	assert.Assert(t, !strings.Contains(r.Stderr, "bootstrap"), r.Stderr)
	assert.Assert(t, a.Image(t, key, "web") != before)
	assert.Equal(t, len(a.Keys(t)), 1, "the older one has gone")
	a.LeavesNothing(t)
	assert.Equal(t, harness.BMO(t, "snapshot", "inspect", "-f", "{{json .Labels}}", key).OK(t).Text(), `{"ci.run":"42"}`)
	assert.Assert(t, strings.Contains(a.Do(t, "build", "--label", "ci.run=42").OK(t).Stderr, "is up to date"))
	i := a.Run(t)
	assert.Equal(t, harness.Get(t, i.URL), harness.Get(t, i.URL))
	i.Remove(t)

	prune := func(filter string) []string {
		harness.BMO(t, "prune", "--all", "-f", "--stack", a.Name, "--filter", filter).OK(t)
		return a.Keys(t)
	}
	assert.DeepEqual(t, prune("label!=ci.run"), []string{key})
	assert.DeepEqual(t, prune("until=24h"), []string{key})
	assert.Equal(t, len(prune("label=ci.run=42")), 0)
}
