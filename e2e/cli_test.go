package e2e

import (
	"io"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"gotest.tools/v3/assert"
	"gotest.tools/v3/poll"
)

// patience is how long anything may take before a test gives up on it.
const patience = 4 * time.Minute

// cli says how docker bmo is run; the zero value runs it as it is.
type cli struct {
	env    []string // beside the tests' own
	docker []string // words between docker and bmo
	stdin  *os.File
	put    func(*exec.Cmd) // puts the command somewhere else; may be nil
}

// result is how a command ended.
type result struct {
	code           int
	stdout, stderr string
}

// ok fails the test when the command did.
func (r result) ok(t testing.TB) result {
	t.Helper()
	assert.Equal(t, r.code, 0, "stdout:\n%s\nstderr:\n%s", r.stdout, r.stderr)
	return r
}

// fails fails the test when the command ended otherwise than with that exit code and these words on standard error.
func (r result) fails(t testing.TB, code int, words ...string) result {
	t.Helper()
	assert.Equal(t, r.code, code, "stdout:\n%s\nstderr:\n%s", r.stdout, r.stderr)
	for _, w := range words {
		assert.Assert(t, strings.Contains(r.stderr, w), "no %q in:\n%s", w, r.stderr)
	}
	return r
}

// text is what was printed, without the last line's end.
func (r result) text() string { return strings.TrimRight(r.stdout, "\n") }

// bmo runs docker bmo to its end.
func bmo(t testing.TB, args ...string) result {
	t.Helper()
	return cli{}.run(t, args...)
}

func (c cli) run(t testing.TB, args ...string) result {
	t.Helper()
	return c.start(t, args...).wait(t)
}

// process is a docker bmo that runs, with the plugin and what they start in a process group of their own, as in a
// terminal.
type process struct {
	cmd            *exec.Cmd
	stdout, stderr buffer
	done           chan struct{}
}

func (c cli) start(t testing.TB, args ...string) *process {
	t.Helper()
	p := &process{cmd: exec.Command("docker", slices.Concat(c.docker, []string{"bmo"}, args)...), done: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), c.env...)
	p.cmd.Stdout, p.cmd.Stderr = &p.stdout, &p.stderr
	if c.stdin != nil {
		p.cmd.Stdin = c.stdin
	}
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	p.cmd.WaitDelay = 10 * time.Second
	if c.put != nil {
		c.put(p.cmd)
	}
	assert.NilError(t, p.cmd.Start())
	go func() {
		defer close(p.done)
		_ = p.cmd.Wait() // the exit code tells
	}()
	t.Cleanup(func() {
		if p.signal(syscall.SIGKILL) == nil {
			<-p.done
		}
	})
	return p
}

// signal sends a signal to the whole process group, as a terminal does.
func (p *process) signal(sig syscall.Signal) error { return syscall.Kill(-p.cmd.Process.Pid, sig) }

// wait returns how the command ended.
func (p *process) wait(t testing.TB) result {
	t.Helper()
	select {
	case <-p.done:
	case <-time.After(patience):
		t.Fatalf("%s does not end\nstdout:\n%s\nstderr:\n%s", p.cmd, p.stdout.String(), p.stderr.String())
	}
	return result{p.cmd.ProcessState.ExitCode(), p.stdout.String(), p.stderr.String()}
}

// await waits until out, one of the process' streams, matches.
func (p *process) await(t testing.TB, out *buffer, pattern string) {
	t.Helper()
	re := regexp.MustCompile(pattern)
	until(t, "output that matches "+pattern, func() bool {
		select {
		case <-p.done:
			if !re.MatchString(out.String()) {
				t.Fatalf("ended before output that matches %s\nstdout:\n%s\nstderr:\n%s", pattern, p.stdout.String(), p.stderr.String())
			}
		default:
		}
		return re.MatchString(out.String())
	})
}

// until waits for a condition.
func until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	poll.WaitOn(t, func(poll.LogT) poll.Result {
		if ok() {
			return poll.Success()
		}
		return poll.Continue("%s", what)
	}, poll.WithTimeout(patience), poll.WithDelay(20*time.Millisecond))
}

// buffer can be read while it is written.
type buffer struct {
	mu sync.Mutex
	b  strings.Builder
}

var _ io.Writer = (*buffer)(nil)

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
