package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"gotest.tools/v3/assert"
)

// The map from base to bootstrapped image sat in a file that went stale. Now what an image's labels say is true,
// whatever it is called.
func TestStory14LabelsAreTheTruth(t *testing.T) {
	t.Parallel()
	a := newMini(t, "labels", nil)
	key := a.build(t)
	id, name := a.image(t, key, "web"), "docker-bmo/"+a.name+"-web:"+key

	// Another name, and its own one gone.
	mine := stackName("mine") + ":1"
	docker(t, "tag", name, mine)
	docker(t, "rmi", name)
	a.stillHas(t, key, id)

	// Its own name on somebody else's image.
	foreign := foreignImage(t, name)
	docker(t, "rmi", mine) // the last name, but one that a container uses keeps its image
	assert.Equal(t, len(a.keys(t)), 0)

	// What bears our name and not our labels is not ours to remove.
	assert.NilError(t, a.clear())
	assert.Equal(t, docker(t, "images", "--no-trunc", "--quiet", name), foreign)
}

// stillHas fails the test unless the stack's one snapshot is found, not made again, and runs from that image.
func (a *app) stillHas(t testing.TB, key, image string) {
	t.Helper()
	assert.DeepEqual(t, a.keys(t), []string{key})
	r := a.do(t, "build").ok(t)
	assert.Equal(t, r.text(), key)
	assert.Assert(t, strings.Contains(r.stderr, "up to date"), r.stderr)
	i := a.run(t)
	assert.Equal(t, docker(t, "inspect", "--format", "{{.Image}}", i.Services["web"]), image)
	get(t, i.URL)
	i.remove(t)
}

// foreignImage makes an image that has nothing to do with us, and returns its identifier.
func foreignImage(t testing.TB, name string, changes ...string) string {
	t.Helper()
	cmd := exec.Command("docker", append(append([]string{"import"}, changes...), "-", name)...)
	cmd.Stdin = bytes.NewReader(make([]byte, 1024)) // a tar file without a member
	out, err := cmd.Output()
	assert.NilError(t, err)
	t.Cleanup(func() { docker(t, "rmi", name) })
	return strings.TrimSpace(string(out))
}

// An image that somebody builds from one of ours inherits its labels, and is still none of ours.
func TestStory14DerivedImageIsNoSnapshot(t *testing.T) {
	t.Parallel()
	a := newMini(t, "derived", nil)
	key := a.build(t)
	id := a.image(t, key, "web")
	var labels map[string]string
	assert.NilError(t, json.Unmarshal([]byte(docker(t, "image", "inspect", "--format", "{{json .Config.Labels}}", id)), &labels))
	changes := []string{"--change", `CMD ["false"]`}
	for k, v := range labels {
		changes = append(changes, "--change", fmt.Sprintf("LABEL %q=%q", k, v))
	}
	derived := foreignImage(t, stackName("derived-mine")+":1", changes...)
	a.stillHas(t, key, id)

	assert.NilError(t, a.clear())
	assert.Equal(t, len(a.keys(t)), 0)
	docker(t, "image", "inspect", derived)
}
