package harness

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"gotest.tools/v3/assert"
)

// snapshot is a line of `snapshot ls --format json`.
type snapshot struct{ Key, Stack, Services, CreatedAt, Size string }

// snapshots are the stack's, newest first.
func (a *App) snapshots(t testing.TB) []snapshot {
	t.Helper()
	var list []snapshot
	for _, l := range Lines(BMO(t, "snapshot", "ls", "--format", "json").OK(t).Stdout) {
		var s snapshot
		assert.NilError(t, json.Unmarshal([]byte(l), &s), "%s", l)
		if s.Stack == a.Name {
			list = append(list, s)
		}
	}
	return list
}

// Keys are those of the stack's snapshots, newest first.
func (a *App) Keys(t testing.TB) []string {
	t.Helper()
	var keys []string
	for _, s := range a.snapshots(t) {
		keys = append(keys, s.Key)
	}
	return keys
}

// Image is the name of a service's image in the stack's snapshot.
func (a *App) Image(t testing.TB, key, service string) string {
	t.Helper()
	id := Docker(t, "images", "--no-trunc", "--quiet", "--filter", "label="+StackLabel+"="+a.Name,
		"--filter", "label=docker-bmo.service="+service, "--filter", "reference=docker-bmo/*:"+key)
	assert.Equal(t, len(Lines(id)), 1, "images of %s: %s", service, id)
	return id
}

// Rest is what the engine has of the stack besides the images of its snapshots and checkpoints.
func (a *App) Rest(t testing.TB) []string {
	t.Helper()
	all, err := Observe(StackLabel + "=" + a.Name)
	assert.NilError(t, err)
	if len(all) == 0 {
		return nil
	}
	var sealed []string
	for _, role := range []string{"snapshot", "checkpoint"} {
		if len(sealed) == len(all) {
			break
		}
		for _, l := range Lines(Docker(t, append(slices.Clone(listings["image"]), "--filter", "label="+StackLabel+"="+a.Name,
			"--filter", "label=docker-bmo.role="+role)...)) {
			sealed = append(sealed, "image "+l)
		}
	}
	return slices.DeleteFunc(all, func(o string) bool { return slices.Contains(sealed, o) })
}

// LeavesNothing fails the test when the engine has anything of the stack besides its snapshots' images. Nothing is
// swept for that: it must be so already.
func (a *App) LeavesNothing(t testing.TB) {
	t.Helper()
	assert.Equal(t, strings.Join(a.Rest(t), "\n"), "")
}

// Clear removes the stack's snapshots.
func (a *App) Clear() error {
	_, err := Command("docker", "bmo", "prune", "--all", "--force", "--stack", a.Name)
	return err
}

// Disk is what takes up space: all of it when the engine is ours alone, otherwise our images and their sizes.
func (a *App) Disk(t testing.TB) []string {
	t.Helper()
	if Suite.Strict {
		// Type, number and size of images, containers and volumes; the build cache has its own rules.
		all := Lines(Docker(t, "system", "df", "--format", "{{.Type}} {{.TotalCount}} {{.Size}}"))
		return append(slices.DeleteFunc(all, func(l string) bool { return strings.HasPrefix(l, "Build Cache") }),
			Lines(Docker(t, "volume", "ls", "--quiet"))...)
	}
	images := Lines(Docker(t, "images", "--all", "--filter", "label="+StackLabel+"="+a.Name, "--format", "{{.ID}} {{.Size}}"))
	slices.Sort(images)
	return images
}
