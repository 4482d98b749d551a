package torture

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/e2e/harness"
)

// outcome is what became of a command with a fault at one of its requests.
type outcome struct {
	number  int    // of the request with the fault
	request string // that one; empty if there was none
	// What was wrong with its end, what it left on the engine, and how the next command failed; empty if it was all right.
	end, left, next string
	stderr          string
}

// try runs a command with a fault at the first request for which at returns true.
func (b *bench) try(t testing.TB, c Command, fault Fault, at func(n int, request string) bool) outcome {
	t.Helper()
	c.prepare(b, t)
	b.faulty.arm(fault, at)
	p := b.cli(t, fault).Start(t, c.args(b)...)
	b.faulty.victim <- p
	r := p.Wait(t)

	o := outcome{end: judge(fault, r), stderr: r.Stderr}
	o.number, o.request, _ = b.faulty.disarm()
	next := b.app.Do(t, "run", "--", "true")
	if next.Code != 0 {
		o.next = fmt.Sprintf("exit code %d: %s", next.Code, next.Stderr)
	}
	var there []string
	if c.left != nil {
		there = c.left(b, t)
	}
	o.left = b.unwanted(c, fault, r, there) + strings.Join(b.clear(t, c, there), "\n")
	return o
}

// cli is docker bmo by way of the proxy, and one that soon gives up where the engine is to keep silent.
func (b *bench) cli(t testing.TB, fault Fault) harness.CLI {
	t.Helper()
	cli := b.proxy.CLI()
	if fault == Stalled {
		config, err := harness.Impatient()
		assert.NilError(t, err)
		cli.Env = append(cli.Env, "DOCKER_CONFIG="+config)
	}
	return cli
}

// requests runs a command without a fault, and returns the requests that it makes.
func (b *bench) requests(t testing.TB, c Command) []string {
	t.Helper()
	c.prepare(b, t)
	b.faulty.arm("", func(int, string) bool { return false })
	b.proxy.CLI().Run(t, c.args(b)...).OK(t)
	_, _, all := b.faulty.disarm()
	if c.left != nil {
		b.clear(t, c, c.left(b, t))
	} else {
		b.clear(t, c, nil)
	}
	return all
}

// clear stops instances, ends pools, and returns what is left after that.
func (b *bench) clear(t testing.TB, c Command, there []string) []string {
	t.Helper()
	for _, name := range there {
		harness.BMO(t, "stop", name).OK(t)
	}
	if strings.Contains(c.Name, "pool") {
		return b.poolsDown(t)
	}
	return b.app.Rest(t)
}

// unwanted says what is wrong with the instances that are there after a command.
func (b *bench) unwanted(c Command, fault Fault, r harness.Result, there []string) string {
	switch {
	case fault == Stopped && len(there) == 0:
		return ""
	case strings.HasPrefix(c.Name, "run -d") && len(there) > 0 && r.Code != 0 && fault != Killed:
		return "an instance that is ready, of a command that has failed\n"
	case strings.HasPrefix(c.Name, "run -d") && len(there) == 0 && r.Code == 0:
		return "no instance, of a command that has worked\n"
	case c.Name == "commit" && fault == Pruned:
		return "" // what was stopped may be gone: that is what prune is for
	case c.Name == "commit", c.Name == "reset" && r.Code == 0:
		if len(there) == 0 || !b.answers() {
			return "an instance that does not go on\n"
		}
	}
	return ""
}

var (
	// raw is what only whoever wrote a program can read.
	raw = regexp.MustCompile(`panic:|goroutine \d|runtime error|invalid character|unmarshal|nil pointer|rpc error|code = |` +
		`http2?: |net/http|html>|%!|0x[0-9a-f]{8}|\.go:\d`)
	// in a test's output it has a number and a time before it
	complains = regexp.MustCompile(`(?m)^(?:#\d+ )?(?:[\d.]+ )?error: \S`)
	advises   = regexp.MustCompile(`(?m)^(?:#\d+ )?(?:[\d.]+ )?hint: \S`)
)

// judge returns what is wrong with how a command has ended.
func judge(fault Fault, r harness.Result) string {
	text := r.Stdout + r.Stderr
	var allowed []int
	switch fault {
	case Killed:
		return ""
	case Slow:
		allowed = []int{0}
	case Interrupted:
		allowed = []int{0, 130}
	case Removed, Pruned, Stopped:
		allowed = []int{0, 1, 125}
	default:
		allowed = []int{0, 125}
	}
	switch found := raw.FindString(text); {
	case !slices.Contains(allowed, r.Code):
		return fmt.Sprintf("exit code %d", r.Code)
	case found != "":
		return fmt.Sprintf("raw text: %q", found)
	case r.Code == 0 || r.Code == 130:
		return ""
	case !complains.MatchString(r.Stderr):
		return "no error"
	case !advises.MatchString(r.Stderr):
		return "no hint"
	}
	return ""
}
