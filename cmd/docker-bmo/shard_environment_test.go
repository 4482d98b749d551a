package main

import (
	"maps"
	"strings"
	"testing"

	"gotest.tools/v3/assert"
)

// TestShardEnvironment: where this is one of several jobs, test runners split over all of them.
func TestShardEnvironment(t *testing.T) {
	for _, c := range []struct {
		name     string
		env      map[string]string
		i, n     int
		ci, zero string // CI_NODE_INDEX and CI_NODE_TOTAL, and those of the others, which count from 0
	}{
		{"nothing known", nil, 1, 4, "1/4", "1/4"},
		{"the first", nil, 0, 2, "0/2", "0/2"},
		{"a job of GitLab", map[string]string{"GITLAB_CI": "true", "CI_NODE_TOTAL": "1"}, 1, 4, "2/4", "1/4"},
		{"one of several jobs of GitLab", map[string]string{"GITLAB_CI": "true", "CI_NODE_INDEX": "3", "CI_NODE_TOTAL": "3"}, 1, 4, "10/12", "9/12"},
		{"CircleCI", map[string]string{"CIRCLE_NODE_INDEX": "2", "CIRCLE_NODE_TOTAL": "3"}, 0, 2, "4/6", "4/6"},
		{"Buildkite", map[string]string{"BUILDKITE_PARALLEL_JOB": "0", "BUILDKITE_PARALLEL_JOB_COUNT": "5"}, 1, 2, "1/10", "1/10"},
		{"no number", map[string]string{"CIRCLE_NODE_INDEX": "x", "CIRCLE_NODE_TOTAL": "3"}, 0, 2, "0/2", "0/2"},
		{"no such job", map[string]string{"CI_NODE_INDEX": "3", "CI_NODE_TOTAL": "3"}, 0, 2, "0/2", "0/2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := toldOf(shardEnvironment(c.i, c.n, lookup(c.env)))
			assert.Equal(t, got["CI_NODE_INDEX"]+"/"+got["CI_NODE_TOTAL"], c.ci)
			assert.Equal(t, got["CIRCLE_NODE_INDEX"]+"/"+got["CIRCLE_NODE_TOTAL"], c.zero)
			assert.Equal(t, got["BUILDKITE_PARALLEL_JOB"]+"/"+got["BUILDKITE_PARALLEL_JOB_COUNT"], c.zero)
		})
	}
	got := toldOf(shardEnvironment(1, 4, lookup(nil)))
	assert.Equal(t, got["BMO_SHARD"]+"/"+got["BMO_SHARDS"], "2/4")
	assert.DeepEqual(t, shardEnvironment(0, 1, lookup(map[string]string{"CI_NODE_INDEX": "1", "CI_NODE_TOTAL": "3"})), []string{"BMO_SHARD=1", "BMO_SHARDS=1"})
}

func lookup(env map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) { v, ok := env[name]; return v, ok }
}

func toldOf(env []string) map[string]string {
	return maps.Collect(func(yield func(string, string) bool) {
		for _, kv := range env {
			if k, v, _ := strings.Cut(kv, "="); !yield(k, v) {
				return
			}
		}
	})
}
