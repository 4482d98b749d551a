package engine

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/docker/docker/api/types/container"
	"golang.org/x/sync/errgroup"
)

// statsAtOnce is how many containers are asked for their memory at a time.
const statsAtOnce = 8

// UsedMemory returns how much memory the running and paused containers with a label take together, in bytes, as `docker stats` counts
// it: without what the kernel can take back at once.
func (e *Engine) UsedMemory(ctx context.Context, labels ...string) (int64, error) {
	list, err := e.Containers(ctx, labels...)
	if err != nil {
		return 0, err
	}
	var sum atomic.Int64
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(statsAtOnce)
	for _, c := range list {
		if c.State != "running" && c.State != "paused" {
			continue
		}
		group.Go(func() error {
			used, err := e.memoryOf(ctx, c.ID)
			sum.Add(used)
			return err
		})
	}
	err = group.Wait()
	return sum.Load(), err
}

// memoryOf returns how much memory a container takes; nothing of one that has ended meanwhile.
func (e *Engine) memoryOf(ctx context.Context, id string) (int64, error) {
	r, err := e.api.ContainerStatsOneShot(ctx, id)
	if IsNotFound(err) || IsConflict(err) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("ask for the memory of container %s: %w", id, Plain(err))
	}
	defer r.Body.Close()
	var s container.StatsResponse
	if err := json.NewDecoder(r.Body).Decode(&s); err != nil {
		return 0, fmt.Errorf("ask for the memory of container %s: %w", id, err)
	}
	used := s.MemoryStats.Usage
	for _, cache := range []string{"total_inactive_file", "inactive_file"} { // of control groups v1, and of v2
		if n, ok := s.MemoryStats.Stats[cache]; ok && n < used {
			return int64(used - n), nil
		}
	}
	return int64(used), nil
}

// Memory is that of an engine's machine, in bytes.
type Memory struct {
	Total int64
	// Free is what containers can have without anything being written out.
	Free int64
}

// memoryTable reads what Linux says of this machine's memory.
var memoryTable = func() (string, error) {
	text, err := os.ReadFile("/proc/meminfo")
	return string(text), err
}

// OwnMemory returns the memory of the engine's machine where that is this one, and runs Linux. It asks nobody.
func (e *Engine) OwnMemory() (Memory, bool) {
	text, err := memoryTable()
	if err != nil || !e.Local() {
		return Memory{}, false
	}
	m := parseMemory(text)
	return m, m.Total == e.memory.Load() // an engine in a virtual machine has another total
}

// Memory returns the memory of the engine's machine. Where it is not this one, what the engine's running containers leave
// counts as free.
func (e *Engine) Memory(ctx context.Context) (Memory, error) {
	if m, ok := e.OwnMemory(); ok {
		return m, nil
	}
	used, err := e.UsedMemory(ctx)
	total := e.memory.Load()
	return Memory{Total: total, Free: max(total-used, 0)}, err
}

func parseMemory(text string) (m Memory) {
	for lines := bufio.NewScanner(strings.NewReader(text)); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), ":")
		n, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
		switch {
		case err != nil:
		case name == "MemTotal":
			m.Total = n << 10
		case name == "MemAvailable":
			m.Free = n << 10
		}
	}
	return m
}
