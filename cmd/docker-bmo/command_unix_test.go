//go:build !windows

package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/containerd/console"
	"github.com/shirou/gopsutil/v4/process"
	"github.com/spf13/cobra"
	"gotest.tools/v3/assert"
	"gotest.tools/v3/poll"
)

// soon is how tests wait for something that comes within milliseconds unless it never does.
func soon(t *testing.T, ok func() bool) {
	t.Helper()
	poll.WaitOn(t, func(poll.LogT) poll.Result {
		if ok() {
			return poll.Success()
		}
		return poll.Continue("not yet")
	}, poll.WithDelay(time.Millisecond), poll.WithTimeout(30*time.Second))
}

// script is a shell script that runs as a test command. Its files are in $DIR.
type script struct {
	dir   string
	group *commandGroup
}

func shell(t *testing.T, text string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command("sh", "-c", text)
	cmd.Env = append(os.Environ(), "DIR="+t.TempDir())
	return cmd
}

// startScript starts a script and returns when it has made the file $DIR/ready.
func startScript(t *testing.T, text string) script {
	t.Helper()
	cmd := shell(t, text)
	s := script{dir: strings.TrimPrefix(cmd.Env[len(cmd.Env)-1], "DIR="), group: newCommandGroup(cmd)}
	t.Cleanup(s.group.kill)
	soon(t, func() bool { _, err := os.Stat(filepath.Join(s.dir, "ready")); return err == nil })
	return s
}

func (s script) read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(s.dir, name))
	assert.NilError(t, err)
	return strings.TrimSpace(string(b))
}

// ended reports whether a process whose identifier is in a file has ended.
func (s script) ended(t *testing.T, name string) bool {
	t.Helper()
	pid, err := strconv.Atoi(s.read(t, name))
	assert.NilError(t, err)
	p, err := process.NewProcess(int32(pid))
	if err != nil {
		return true
	}
	status, err := p.Status()
	return err != nil || status[0] == process.Zombie
}

func setGrace(t *testing.T, d time.Duration) {
	t.Helper()
	before := commandGrace
	t.Cleanup(func() { commandGrace = before })
	commandGrace = d
}

// TestR3EachSignalOnce: a command gets the signal that came, in a process group of its own, once.
func TestR3EachSignalOnce(t *testing.T) {
	for name, sig := range map[string]syscall.Signal{"INT": syscall.SIGINT, "TERM": syscall.SIGTERM, "HUP": syscall.SIGHUP} {
		s := startScript(t, `trap 'echo `+name+` >>$DIR/came' `+name+`
			touch $DIR/ready; while [ ! -e $DIR/came ]; do sleep 0.01; done; sleep 0.1; exit 3`)
		came := make(chan os.Signal, 1)
		came <- sig
		err := s.group.wait(t.Context(), came, nil)
		var exit *exec.ExitError
		assert.Assert(t, errors.As(err, &exit), "%s: %v", name, err)
		assert.Equal(t, exit.ExitCode(), 3)
		assert.Equal(t, s.read(t, "came"), name)
	}
}

// TestReaderGoesUnderTheCommand: a command that is deaf to what a pipe without a reader sends is terminated.
func TestReaderGoesUnderTheCommand(t *testing.T) {
	setGrace(t, time.Hour)
	s := startScript(t, `trap "" PIPE; trap 'exit 3' TERM; touch $DIR/ready; while :; do sleep 0.01; done`)
	came := make(chan os.Signal, 1)
	came <- syscall.SIGPIPE
	err := s.group.wait(t.Context(), came, nil)
	var exit *exec.ExitError
	assert.Assert(t, errors.As(err, &exit), "%v", err)
	assert.Equal(t, exit.ExitCode(), 3)
}

// TestReaderGoesOnInterrupt: in a pipeline, Ctrl-C ends the reader, too, and that is not a second signal, which would force
// the end.
func TestReaderGoesOnInterrupt(t *testing.T) {
	d := newDocker(t)
	dockerCli := d.cli(t, &head{}, &head{})
	cmd := &cobra.Command{}
	cmd.SetContext(t.Context())
	assert.NilError(t, withSignals(cmd, dockerCli))
	assert.NilError(t, syscall.Kill(os.Getpid(), syscall.SIGINT))
	assert.Equal(t, <-arrived(cmd.Context()), syscall.SIGINT)
	_, err := io.WriteString(dockerCli.Err(), "Stopping\n")
	assert.ErrorIs(t, err, interrupted{syscall.SIGPIPE})
	select {
	case sig := <-arrived(cmd.Context()):
		t.Errorf("%v", sig)
	default:
	}
	assert.ErrorIs(t, context.Cause(cmd.Context()), interrupted{syscall.SIGINT})
}

// TestR3NothingSurvives: shells start their background jobs deaf to an interrupt.
func TestR3NothingSurvives(t *testing.T) {
	s := startScript(t, `(trap "" INT TERM HUP; exec sleep 1000) & echo $! >$DIR/deaf
		sleep 1000 & echo $! >$DIR/job; touch $DIR/ready; wait; wait`)
	came := make(chan os.Signal, 1)
	came <- os.Interrupt
	assert.Assert(t, s.group.wait(t.Context(), came, nil) != nil)
	soon(t, func() bool { return s.ended(t, "deaf") && s.ended(t, "job") })
}

// TestR3KilledAfterItsTime: a command that goes on after the signal is killed with what it has started.
func TestR3KilledAfterItsTime(t *testing.T) {
	setGrace(t, 50*time.Millisecond)
	s := startScript(t, `trap "" INT; sh -c 'trap "" INT; touch $DIR/ready; sleep 1000' & echo $! >$DIR/deaf; wait; wait`)
	came := make(chan os.Signal, 1)
	came <- os.Interrupt
	err := s.group.wait(t.Context(), came, nil)
	assert.ErrorContains(t, err, "signal: killed")
	soon(t, func() bool { return s.ended(t, "deaf") })
}

// TestR3SecondSignalForces: the same signal again kills; another one is passed on.
func TestR3SecondSignalForces(t *testing.T) {
	s := startScript(t, `trap 'echo INT >>$DIR/came' INT; trap 'echo TERM >>$DIR/came' TERM
		touch $DIR/ready; while :; do sleep 0.01; done`)
	came := make(chan os.Signal)
	ended := make(chan error, 1)
	go func() { ended <- s.group.wait(t.Context(), came, nil) }()
	for _, sig := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		before, _ := os.ReadFile(filepath.Join(s.dir, "came"))
		came <- sig
		soon(t, func() bool {
			now, _ := os.ReadFile(filepath.Join(s.dir, "came"))
			return len(now) > len(before)
		})
	}
	came <- os.Interrupt
	assert.ErrorContains(t, <-ended, "signal: killed")
	assert.Equal(t, s.read(t, "came"), "INT\nTERM")
}

// test-command runs a shell script as a test command, with its signals.
func init() {
	helpers["test-command"] = func() {
		came := make(chan os.Signal, 4)
		signal.Notify(came, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
		if newCommandGroup(exec.Command("sh", "-c", os.Args[1])).wait(context.Background(), came, nil) != nil {
			os.Exit(1)
		}
	}
}

// TestR3OnATerminal: what is typed reaches all of the process group, and so is not passed on again; a termination is.
func TestR3OnATerminal(t *testing.T) {
	for _, c := range []struct {
		name string
		end  func(console.Console, *exec.Cmd) error
		want string
	}{
		{"Ctrl-C", func(tty console.Console, _ *exec.Cmd) error { _, err := tty.Write([]byte{3}); return err }, "INT"},
		{"terminated", func(_ console.Console, cmd *exec.Cmd) error { return cmd.Process.Signal(syscall.SIGTERM) }, "TERM"},
	} {
		t.Run(c.name, func(t *testing.T) {
			master, name, err := console.NewPty()
			assert.NilError(t, err)
			defer master.Close()
			tty, err := os.OpenFile(name, os.O_RDWR, 0)
			assert.NilError(t, err)
			dir := t.TempDir()
			cmd := exec.Command("test-command", `trap 'echo INT >>$DIR/came' INT; trap 'echo TERM >>$DIR/came' TERM
				(trap "" INT TERM; touch $DIR/ready; exec sleep 1000) & echo $! >$DIR/deaf
				while [ ! -e $DIR/came ]; do sleep 0.01; done; sleep 0.1`)
			cmd.Stdin, cmd.Stdout, cmd.Stderr = tty, tty, tty
			cmd.Env = append(os.Environ(), "DIR="+dir)
			cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
			assert.NilError(t, cmd.Start())
			assert.NilError(t, tty.Close())
			soon(t, func() bool { _, err := os.Stat(filepath.Join(dir, "ready")); return err == nil })
			assert.NilError(t, c.end(master, cmd))
			_ = cmd.Wait()
			s := script{dir: dir}
			assert.Equal(t, s.read(t, "came"), c.want)
			soon(t, func() bool { return s.ended(t, "deaf") })
		})
	}
}

// TestR3DockerIsGone: the docker client has ended, and nobody knows why.
func TestR3DockerIsGone(t *testing.T) {
	s := startScript(t, `trap 'echo TERM >$DIR/came; exit 4' TERM; touch $DIR/ready; while :; do sleep 0.01; done`)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	assert.ErrorContains(t, s.group.wait(ctx, nil, nil), "exit status 4")
	assert.Equal(t, s.read(t, "came"), "TERM")
}

// TestR3CommandEndsByItself: what it has left in the background is its own business.
func TestR3CommandEndsByItself(t *testing.T) {
	s := startScript(t, `sleep 1000 & echo $! >$DIR/job; touch $DIR/ready`)
	assert.NilError(t, s.group.wait(t.Context(), nil, nil))
	assert.Assert(t, !s.ended(t, "job"))
}

// syncBuffer is a buffer that is read while it is written.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
