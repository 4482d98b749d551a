package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// bench is one run of the program.
type bench struct {
	file   string   // of the results
	args   []string // of builds, for engines that reach no registry
	quick  bool
	most   int // rounds; 0 is any number
	tools  string
	dir    string // for all that is on disk, removed at the end
	run    Run
	stacks []string // stacks whose snapshots are removed at the end
	made   *demo    // see demo
}

// setUp looks at the engine and makes a folder.
func (b *bench) setUp(ctx context.Context) (err error) {
	if b.dir, err = os.MkdirTemp("", "bmo-bench-"); err != nil {
		return err
	}
	if b.tools, err = filepath.Abs(b.tools); err != nil {
		return err
	}
	if err := b.configure(); err != nil {
		return err
	}
	about, err := docker(ctx, "info", "--format", "{{.ServerVersion}} {{.NCPU}} {{.MemTotal}} {{.DriverStatus}}")
	if err != nil {
		return err
	}
	words := strings.SplitN(about, " ", 4)
	if len(words) != 4 {
		return fmt.Errorf("docker info printed %q", about)
	}
	b.run.Engine, _, _ = strings.Cut(words[0], "+")
	b.run.Processors, _ = strconv.Atoi(words[1])
	bytes, _ := strconv.Atoi(words[2])
	b.run.Memory = bytes >> 20
	b.run.Store = "overlay2"
	if strings.Contains(words[3], "containerd") {
		b.run.Store = "containerd"
	}
	b.run.Commit, _ = command(ctx, "git", "describe", "--always")
	// What the benchmarks write themselves does not count.
	if changed, _ := command(ctx, "git", "status", "--porcelain", "--untracked-files=no", "--", ".", ":!docs"); changed != "" {
		b.run.Commit += "-dirty"
	}
	return nil
}

// configure gives docker a configuration with the clients that are compared with, besides what the user has.
func (b *bench) configure() error {
	own := os.Getenv("DOCKER_CONFIG")
	if own == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return err
		}
		own = filepath.Join(home, ".docker")
	}
	dir := filepath.Join(b.dir, "docker")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	entries, _ := os.ReadDir(own)
	for _, e := range entries {
		if e.Name() == "config.json" {
			continue
		}
		if err := os.Symlink(filepath.Join(own, e.Name()), filepath.Join(dir, e.Name())); err != nil {
			return err
		}
	}
	settings := map[string]any{}
	if text, err := os.ReadFile(filepath.Join(own, "config.json")); err == nil {
		if err := json.Unmarshal(text, &settings); err != nil {
			return err
		}
	}
	more, _ := settings["cliPluginsExtraDirs"].([]any)
	settings["cliPluginsExtraDirs"] = append(more, b.tools)
	text, err := json.Marshal(settings)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "config.json"), text, 0o600); err != nil {
		return err
	}
	return os.Setenv("DOCKER_CONFIG", dir)
}

// tearDown removes what was made on the engine and on the disk, also after an interrupt.
func (b *bench) tearDown() (err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	for _, name := range b.stacks {
		if _, failed := docker(ctx, "bmo", "prune", "--all", "--force", "--stack", name); failed != nil {
			err = failed
		}
	}
	if b.made != nil {
		_, _ = docker(ctx, "image", "rm", "--force", plainDB, plainWeb)
	}
	if failed := os.RemoveAll(b.dir); failed != nil {
		err = failed
	}
	return err
}

// rounds returns how often something is done.
func (b *bench) rounds(n int) int {
	switch {
	case b.quick:
		return 1
	case b.most > 0:
		return min(n, b.most)
	}
	return n
}

// record merges results, taken since start, into the file, and prints them.
func (b *bench) record(start Run, results ...Result) error {
	list, err := load(b.file)
	if err != nil {
		return err
	}
	start.LoadAfter = loadAverage()
	for _, r := range results {
		if len(r.Ways) == 0 {
			continue // such as the memory, where nothing says it
		}
		r.Run = start
		list = merge(list, r)
		fmt.Printf("%s/%d, %s\n", r.Group, r.Size, r.Unit)
		for _, w := range r.Ways {
			if w.Error != "" {
				fmt.Printf("  %-42s failed: %s\n", w.Name, w.Error)
				continue
			}
			fmt.Printf("  %-42s %10.3f  x%.2f  %v\n", w.Name, w.Median, w.Ratio, w.Samples)
		}
	}
	return save(b.file, list)
}

// begin returns the conditions before something is measured.
func (b *bench) begin() Run {
	r := b.run
	r.Date = time.Now().UTC().Format(time.DateTime)
	r.LoadBefore = loadAverage()
	return r
}

// loadAverage is that of one minute, 0 where nothing says it.
func loadAverage() float64 {
	text, _ := os.ReadFile("/proc/loadavg")
	first, _, _ := strings.Cut(string(text), " ")
	v, _ := strconv.ParseFloat(first, 64)
	return v
}

// atOnce is how many instances each way starts at the same time: as many as there are processors, as docker bmo does.
func atOnce() int { return runtime.NumCPU() }

// round keeps four digits: more are noise.
func round(v float64) float64 {
	r, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 4, 64), 64)
	if math.IsNaN(r) || math.IsInf(r, 0) {
		return 0
	}
	return r
}

// command runs a program to its end and returns what it printed, without the last line's end.
func command(ctx context.Context, name string, args ...string) (string, error) {
	return output(exec.CommandContext(ctx, name, args...))
}

// docker runs a command of docker's.
func docker(ctx context.Context, args ...string) (string, error) {
	return command(ctx, "docker", args...)
}

// output runs a command. The error has the end of what it said.
func output(cmd *exec.Cmd) (string, error) {
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		said := strings.TrimSpace(stderr.String())
		if len(said) > 600 {
			said = "..." + said[len(said)-600:]
		}
		args := strings.Join(cmd.Args, " ")
		if len(args) > 120 {
			args = args[:120] + "..."
		}
		return "", fmt.Errorf("%s: %w: %s", args, err, said)
	}
	return strings.TrimRight(stdout.String(), "\n"), nil
}

// timed returns how many seconds something took.
func timed(do func() error) (float64, error) {
	start := time.Now()
	err := do()
	return time.Since(start).Seconds(), err
}

// action is one of several ways to the same end.
type action struct {
	name   string
	before func() error // not timed; may be nil
	do     func() error
}

// sideBySide takes each way in turn, so that they share the noise of the machine.
func sideBySide(rounds int, list []action) *collector {
	c := &collector{}
	for range rounds {
		for _, a := range list {
			if c.way(a.name).Error != "" {
				continue
			}
			if a.before != nil {
				if err := a.before(); err != nil {
					c.fail(a.name, err)
					continue
				}
			}
			took, err := timed(a.do)
			if err != nil {
				c.fail(a.name, err)
				continue
			}
			c.add(a.name, took)
		}
	}
	return c
}

// quietly is a docker command of which only success counts.
func quietly(ctx context.Context, args ...string) func() error {
	return func() error {
		_, err := docker(ctx, args...)
		return err
	}
}
