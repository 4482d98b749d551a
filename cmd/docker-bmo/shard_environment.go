package main

import (
	"fmt"
	"strconv"
)

// Names by which a command is told which of several it is. It is the first of three as shard 1, as Playwright, Jest and
// pytest-split count.
const (
	shardVariable  = "BMO_SHARD"
	shardsVariable = "BMO_SHARDS"
)

// ciPair are two variables by which a CI system tells a job which of several it is, and test runners split by.
type ciPair struct {
	index, total string
	first        int // the index of the first one
}

// ciPairs are those that test runners read. CI_NODE_INDEX is GitLab's, which counts from 1; Knapsack, which had the name
// before, counts from 0 anywhere else.
func ciPairs(lookup func(string) (string, bool)) []ciPair {
	node := ciPair{"CI_NODE_INDEX", "CI_NODE_TOTAL", 0}
	if gitlab, _ := lookup("GITLAB_CI"); gitlab != "" {
		node.first = 1
	}
	return []ciPair{
		node,
		{"CIRCLE_NODE_INDEX", "CIRCLE_NODE_TOTAL", 0},
		{"BUILDKITE_PARALLEL_JOB", "BUILDKITE_PARALLEL_JOB_COUNT", 0},
	}
}

// read returns which of how many jobs this one is, from 0 on.
func (p ciPair) read(lookup func(string) (string, bool)) (index, total int, ok bool) {
	i, _ := lookup(p.index)
	n, _ := lookup(p.total)
	index, err := strconv.Atoi(i)
	if err != nil {
		return 0, 0, false
	}
	total, err = strconv.Atoi(n)
	index -= p.first
	return index, total, err == nil && index >= 0 && index < total
}

// shardEnvironment tells a command that it is the ith of n, from 0 on. Where this is one of several jobs of a CI system,
// the variables of CI systems count over all of them, or each job would do the same. One command alone is told nothing
// that it did not know.
func shardEnvironment(i, n int, lookup func(string) (string, bool)) []string {
	env := []string{fmt.Sprintf("%s=%d", shardVariable, i+1), fmt.Sprintf("%s=%d", shardsVariable, n)}
	if n == 1 {
		return env
	}
	pairs := ciPairs(lookup)
	job, jobs := 0, 1
	for _, p := range pairs {
		if index, total, ok := p.read(lookup); ok {
			job, jobs = index, total
			break
		}
	}
	for _, p := range pairs {
		env = append(env, fmt.Sprintf("%s=%d", p.index, job*n+i+p.first), fmt.Sprintf("%s=%d", p.total, jobs*n))
	}
	return env
}
