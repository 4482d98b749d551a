package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gotest.tools/v3/assert"
	"gotest.tools/v3/golden"
)

func sample(group string, size int, unit string, samples map[string][]float64, order ...string) Result {
	c := &collector{}
	for _, name := range order {
		for _, v := range samples[name] {
			c.add(name, v)
		}
	}
	r := c.result(group, size, unit)
	r.Run = Run{Date: "2026-01-02 03:04:05", Commit: "abc", Engine: "28.5", Store: "overlay2", Processors: 2, Memory: 2048, LoadBefore: 0.25}
	return r
}

// The figure is the median, and the ratio is to the first way.
func TestMedianAndRatio(t *testing.T) {
	r := sample("start", 1, "s", map[string][]float64{"a": {1, 9, 2}, "b": {5, 7}}, "a", "b")
	assert.Equal(t, r.Ways[0].Median, 2.0)
	assert.Equal(t, r.Ways[0].Ratio, 1.0)
	assert.Equal(t, r.Ways[1].Median, 6.0)
	assert.Equal(t, r.Ways[1].Ratio, 3.0)
}

// A way that failed once has no figure, and why is kept.
func TestFailedWayHasNoFigure(t *testing.T) {
	c := &collector{}
	c.add("a", 1)
	c.add("b", 1)
	c.fail("b", os.ErrDeadlineExceeded)
	r := c.result("start", 1, "s")
	assert.Equal(t, r.Ways[1].Median, 0.0)
	assert.Equal(t, len(r.Ways[1].Samples), 0)
	assert.Equal(t, r.Ways[1].Error, os.ErrDeadlineExceeded.Error())
}

// A way that was not taken for this size is not there.
func TestWayThatWasNotTaken(t *testing.T) {
	c := &collector{}
	c.way("a")
	c.way("pool")
	c.add("b", 2)
	c.add("a", 1)
	r := c.result("start", 32, "s")
	assert.Equal(t, len(r.Ways), 2)
	assert.Equal(t, r.Ways[0].Name, "a")
	assert.Equal(t, r.Ways[1].Ratio, 2.0)
}

// A result takes the place of the one of the same engine alone, so that figures of several runs stand together.
func TestMergeReplacesTheSameOnly(t *testing.T) {
	file := filepath.Join(t.TempDir(), "results.json")
	old := sample("start", 1, "s", map[string][]float64{"a": {1}}, "a")
	other := sample("start", 8, "s", map[string][]float64{"a": {2}}, "a")
	containerd := old
	containerd.Run.Store = "containerd"
	var list []Result
	for _, r := range []Result{other, old, containerd, sample("start", 1, "s", map[string][]float64{"a": {3}}, "a")} {
		list = merge(list, r)
	}
	assert.NilError(t, save(file, list))
	list, err := load(file)
	assert.NilError(t, err)
	assert.Equal(t, len(list), 3)
	assert.Equal(t, list[0].Run.Store, "containerd")
	assert.Equal(t, list[0].Ways[0].Median, 1.0)
	assert.Equal(t, list[1].Ways[0].Median, 3.0)
	assert.Equal(t, list[2].Ways[0].Median, 2.0)
}

func TestParts(t *testing.T) {
	all := []int{1, 8, 32}
	assert.DeepEqual(t, chosen("start", all, nil), all)
	assert.DeepEqual(t, chosen("start", all, []string{"build", "start"}), all)
	assert.DeepEqual(t, chosen("start", all, []string{"start/8", "start/32"}), []int{8, 32})
	assert.Equal(t, len(chosen("start", all, []string{"files"})), 0)
}

func TestContainerOf(t *testing.T) {
	id := strings.Repeat("0a", 32)
	for _, path := range []string{"/docker/" + id, "/system.slice/docker-" + id + ".scope"} {
		assert.Equal(t, containerOf("1:name=systemd:/\n0::"+path+"\n"), id)
	}
	assert.Equal(t, containerOf("0::/user.slice\n"), "")
	assert.Equal(t, pss("00400000-7ffd [rollup]\nRss:   30 kB\nPss:     2052 kB\nPss_Dirty: 4 kB\n"), 2052)
}

// Between its marks the page has the table and the graph, and all else stays.
func TestDraw(t *testing.T) {
	dir := t.TempDir()
	page := filepath.Join(dir, "performance.md")
	assert.NilError(t, os.WriteFile(page, []byte("# Speed\n\n<!-- bench start -->\nold\n<!-- end -->\nSaid by hand.\n\n"+
		"<!-- bench snapshots -->\n<!-- end -->\n\n<!-- bench engines -->\n<!-- end -->\n"), 0o644))
	failed := sample("start", 8, "s", map[string][]float64{"run": {0.7}, "by hand": {2.1}}, "run", "by hand")
	failed.Ways[1] = Way{Name: "by hand", Error: "no network left"}
	list := []Result{
		sample("start", 1, "s", map[string][]float64{"run": {0.5}, "by hand": {1.5}}, "run", "by hand"), failed,
		sample("snapshots", 10, "s", map[string][]float64{"ls": {0.05}, "build": {0.1}}, "ls", "build"),
		sample("snapshots", 1000, "s", map[string][]float64{"ls": {0.5}, "build": {0.2}}, "ls", "build"),
	}
	containerd := sample("start", 1, "s", map[string][]float64{"run": {1}, "by hand": {1.2}}, "run", "by hand")
	containerd.Run.Engine, containerd.Run.Store = "29.9", "containerd"
	assert.NilError(t, drawAll(dir, append(list, containerd)))
	for _, name := range []string{"performance.md", "performance/start.svg", "performance/snapshots.svg"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		assert.NilError(t, err)
		golden.Assert(t, string(text), filepath.Base(name))
	}
}

// TestPageIsDrawn fails when docs/performance.md or its graphs are not what docs/performance.json says; hack/bench -draw
// draws them again.
func TestPageIsDrawn(t *testing.T) {
	dir := t.TempDir()
	text, err := os.ReadFile("../docs/performance.md")
	assert.NilError(t, err)
	assert.NilError(t, os.WriteFile(filepath.Join(dir, "performance.md"), text, 0o644))
	list, err := load("../docs/performance.json")
	assert.NilError(t, err)
	assert.NilError(t, drawAll(dir, list))
	drawn, err := filepath.Glob(filepath.Join(dir, "performance", "*.svg"))
	assert.NilError(t, err)
	assert.Assert(t, len(drawn) > 0)
	for _, file := range append(drawn, filepath.Join(dir, "performance.md")) {
		name, err := filepath.Rel(dir, file)
		assert.NilError(t, err)
		want, err := os.ReadFile(file)
		assert.NilError(t, err)
		got, err := os.ReadFile(filepath.Join("../docs", name))
		assert.NilError(t, err)
		assert.Equal(t, string(got), string(want), name)
	}
}
