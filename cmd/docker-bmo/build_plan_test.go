package main

import (
	"bytes"
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/bmo"
)

// TestReasons: why something would be built, and what the bootstrap would go on from.
func TestReasons(t *testing.T) {
	near, checkpoint := &bmo.Snapshot{Key: key("a")}, &bmo.Snapshot{Key: key("c"), AfterStep: 2}
	for _, c := range []struct {
		plan bmo.BuildPlan
		want string
	}{
		{bmo.BuildPlan{}, "there is no snapshot of this stack yet\n"},
		{bmo.BuildPlan{Nearest: near}, "as for snapshot aaaaaaaaaaaa, but for the platform or the version of docker bmo\n"},
		{
			bmo.BuildPlan{Nearest: near, Differs: []string{"the steps of the bootstrap"}, Checkpoint: checkpoint},
			"differs from snapshot aaaaaaaaaaaa: the steps of the bootstrap\nthe bootstrap goes on from checkpoint cccccccccccc, after step 2\n",
		},
		{
			bmo.BuildPlan{Checkpoint: checkpoint, CheckpointDiffers: []string{"context app", "context lib"}},
			"there is no snapshot of this stack yet\nthe bootstrap goes on from checkpoint cccccccccccc, after step 2, " +
				"if the images come out as they were there: context app; context lib\n",
		},
		{
			bmo.BuildPlan{Nearest: near, Differs: []string{"context app"}, From: near, FromStep: 3},
			"differs from snapshot aaaaaaaaaaaa: context app\n--from-nearest: the bootstrap goes on from aaaaaaaaaaaa, after step 3, " +
				"if the images of what holds data come out as they were there\n",
		},
	} {
		var out bytes.Buffer
		printReasons(&out, &c.plan)
		assert.Equal(t, out.String(), c.want)
	}
}

// TestOriginWords: what a build says of what its bootstrap went on from.
func TestOriginWords(t *testing.T) {
	for _, c := range []struct {
		origin *bmo.Snapshot
		want   string
	}{
		{nil, ""},
		{&bmo.Snapshot{Key: key("c"), AfterStep: 2}, ", from checkpoint cccccccccccc after step 2"},
		{&bmo.Snapshot{Key: key("a"), Created: time.Now()}, ", from snapshot aaaaaaaaaaaa"},
	} {
		assert.Equal(t, originWords(&bmo.BuildResult{Origin: c.origin}), c.want)
	}
}
