package main

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// containers are the identifiers of those that run.
func containers(ctx context.Context) ([]string, error) {
	out, err := docker(ctx, "ps", "--quiet", "--no-trunc")
	return strings.Fields(out), err
}

// proportional returns the memory of all processes of these containers in MiB, where what several processes share is
// divided among them (PSS). It is 0 where /proc does not say that, or not to us.
func proportional(ids []string) float64 {
	own := map[string]bool{}
	for _, id := range ids {
		own[id] = true
	}
	processes, _ := filepath.Glob("/proc/[0-9]*/cgroup")
	var sum int
	for _, file := range processes {
		text, err := os.ReadFile(file)
		if err != nil || !own[containerOf(string(text))] {
			continue
		}
		rollup, _ := os.ReadFile(filepath.Join(filepath.Dir(file), "smaps_rollup"))
		sum += pss(string(rollup))
	}
	return float64(sum) / 1024
}

// containerOf returns the identifier of the container that a process is in, by its file cgroup.
func containerOf(cgroup string) string {
	for line := range strings.Lines(cgroup) {
		last := filepath.Base(strings.TrimSpace(line))
		last = strings.TrimSuffix(strings.TrimPrefix(last, "docker-"), ".scope")
		if len(last) == 64 {
			return last
		}
	}
	return ""
}

// pss returns the kilobytes that a smaps_rollup names.
func pss(rollup string) int {
	for line := range strings.Lines(rollup) {
		if words := strings.Fields(line); len(words) == 3 && words[0] == "Pss:" {
			kB, _ := strconv.Atoi(words[1])
			return kB
		}
	}
	return 0
}
