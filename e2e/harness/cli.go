package harness

import (
	"cmp"
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

// timeout is how long anything may take before a test gives up on it.
const timeout = 4 * time.Minute

// CLI says how docker bmo is run; the zero value runs it as it is.
type CLI struct {
	Env    []string // besides the tests' own
	Docker []string // words between docker and bmo
	Stdin  *os.File
	Put    func(*exec.Cmd) // puts the command somewhere else, such as on a Machine; may be nil
	// Patience is how long a command may take that installs many packages, 0 for as long as any other.
	Patience time.Duration
}

// Result is how a command ended.
type Result struct {
	Code           int
	Stdout, Stderr string
}

// OK fails the test when the command did.
func (r Result) OK(t testing.TB) Result {
	t.Helper()
	assert.Equal(t, r.Code, 0, "stdout:\n%s\nstderr:\n%s", r.Stdout, r.Stderr)
	return r
}

// Fails fails the test when the command ended otherwise than with that exit code and these words on standard error.
func (r Result) Fails(t testing.TB, code int, words ...string) Result {
	t.Helper()
	assert.Equal(t, r.Code, code, "stdout:\n%s\nstderr:\n%s", r.Stdout, r.Stderr)
	for _, w := range words {
		assert.Assert(t, strings.Contains(r.Stderr, w), "no %q in:\n%s", w, r.Stderr)
	}
	return r
}

// Text is what was printed, without the last line's end.
func (r Result) Text() string { return strings.TrimRight(r.Stdout, "\n") }

// BMO runs docker bmo to its end.
func BMO(t testing.TB, args ...string) Result {
	t.Helper()
	return CLI{}.Run(t, args...)
}

// Sweep removes what has lost its owner.
func Sweep(t testing.TB) {
	t.Helper()
	CLI{}.Sweep(t)
}

// Run runs docker bmo to its end.
func (c CLI) Run(t testing.TB, args ...string) Result {
	t.Helper()
	return c.Start(t, args...).Wait(t)
}

// Process is a docker bmo that runs, with the plugin and what they start in a process group of their own, as in a
// terminal.
type Process struct {
	Cmd            *exec.Cmd
	Stdout, Stderr Buffer
	done           chan struct{}
	patience       time.Duration
}

// Sweep removes what has lost its owner, and nothing else, by a command that does so first.
func (c CLI) Sweep(t testing.TB) {
	t.Helper()
	c.Run(t, "prune", "--force", "--keep-last", "1000").OK(t)
}

// Start starts docker bmo, which is killed when the test ends and it has not.
func (c CLI) Start(t testing.TB, args ...string) *Process {
	t.Helper()
	p := &Process{
		Cmd:  exec.Command("docker", slices.Concat(c.Docker, []string{"bmo"}, args)...),
		done: make(chan struct{}), patience: cmp.Or(c.Patience, timeout),
	}
	p.Cmd.Env = append(os.Environ(), c.Env...)
	p.Cmd.Stdout, p.Cmd.Stderr = &p.Stdout, &p.Stderr
	if c.Stdin != nil {
		p.Cmd.Stdin = c.Stdin
	}
	ownGroup(p.Cmd)
	p.Cmd.WaitDelay = 10 * time.Second
	if c.Put != nil {
		c.Put(p.Cmd)
	}
	assert.NilError(t, p.Cmd.Start())
	go func() {
		defer close(p.done)
		_ = p.Cmd.Wait() // the exit code says it
	}()
	t.Cleanup(func() {
		if p.Signal(syscall.SIGKILL) == nil {
			<-p.done
		}
	})
	return p
}

// Signal sends a signal to the whole process group, as a terminal does. Once the command has ended its number may be another
// process's, and nothing is sent.
func (p *Process) Signal(sig syscall.Signal) error {
	select {
	case <-p.done:
		return os.ErrProcessDone
	default:
		return signalGroup(p.Cmd.Process.Pid, sig)
	}
}

// Wait returns how the command ended.
func (p *Process) Wait(t testing.TB) Result {
	t.Helper()
	select {
	case <-p.done:
	case <-time.After(p.patience):
		t.Fatalf("%s does not end\nstdout:\n%s\nstderr:\n%s", p.Cmd, p.Stdout.String(), p.Stderr.String())
	}
	return Result{p.Cmd.ProcessState.ExitCode(), p.Stdout.String(), p.Stderr.String()}
}

// Await waits until out, one of the process' streams, matches.
func (p *Process) Await(t testing.TB, out *Buffer, pattern string) {
	t.Helper()
	re := regexp.MustCompile(pattern)
	Until(t, "output that matches "+pattern, func() bool {
		select {
		case <-p.done:
			if !re.MatchString(out.String()) {
				t.Fatalf("ended before output that matches %s\nstdout:\n%s\nstderr:\n%s", pattern, p.Stdout.String(), p.Stderr.String())
			}
		default:
		}
		return re.MatchString(out.String())
	})
}

// Until waits for a condition.
func Until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	poll.WaitOn(t, func(poll.LogT) poll.Result {
		if ok() {
			return poll.Success()
		}
		return poll.Continue("%s", what)
	}, poll.WithTimeout(timeout), poll.WithDelay(20*time.Millisecond))
}

// Buffer can be read while it is written.
type Buffer struct {
	mu sync.Mutex
	b  strings.Builder
}

var _ io.Writer = (*Buffer)(nil)

func (b *Buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *Buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
