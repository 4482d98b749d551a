package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/docker/cli/cli/command"

	"github.com/docker-bmo/docker-bmo/bmo"
	"github.com/docker-bmo/docker-bmo/internal/junit"
	"github.com/docker-bmo/docker-bmo/internal/regular"
)

// junitVariable is where a test finds the name of the file for its report.
const junitVariable = "BMO_JUNIT"

// reportLimit is how large a report of one test may be.
const reportLimit = 64 << 20

// suite is a list of tests, and what became of them.
type suite struct {
	testOptions
	dockerCli command.Cli
	stack     string
	tests     []string
	dir       string // of the reports that the tests write
	signals   *fan
	began     time.Time
	results   []bmo.TestResult
	unrun     error // why tests were not run

	mu    sync.Mutex
	ended map[attemptKey]testEnd
}

// attemptKey is an attempt at a test, by its place in the list.
type attemptKey struct{ index, attempt int }

// testEnd is how a test ended, and what it left.
type testEnd struct {
	ending
	output string
	suites []*junit.Element // nil if it has written no report
}

func newSuite(dockerCli command.Cli, options testOptions, tests []string) (*suite, error) {
	dir, err := os.MkdirTemp("", "docker-bmo-test-")
	if err != nil {
		return nil, err
	}
	return &suite{testOptions: options, dockerCli: dockerCli, tests: tests, dir: dir, began: time.Now(), ended: map[attemptKey]testEnd{}}, nil
}

func (s *suite) close() { _ = os.RemoveAll(s.dir) }

// do runs one test, and keeps what there is to say of it.
func (s *suite) do(ctx context.Context, run bmo.TestRun) error {
	ctx, done := s.signals.add(ctx)
	defer done()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	report := filepath.Join(s.dir, fmt.Sprintf("%d-%d.xml", run.Index+1, run.Attempt))
	cmd := testCommand(run.Instance, replaced(s.command, run.Test, report, run.Instance.Name), []string{junitVariable + "=" + report})
	output := &boundedOutput{}
	both := io.MultiWriter(output, run.Log)
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = both, both, pipeDelay
	err, lost := withInstance(ctx, run.Client, run.Instance, startGroup(cmd, true), sayLost(both))
	end := testEnd{ending: endingOf(ctx, cmd.Args[0], err, lost), output: output.String()}
	if ctx.Err() != nil { // a command may well end with 0 then, with half of its work done
		end.ending = ending{exitInterrupted, "interrupted"}
	}
	if end.suites, err = readReport(report); err != nil {
		fmt.Fprintf(run.Log, "warning: %v\n", err)
	}
	s.mu.Lock()
	s.ended[attemptKey{run.Index, run.Attempt}] = end
	s.mu.Unlock()
	if end.code == 0 {
		return nil
	}
	return errors.New(end.text)
}

// readReport returns the suites of a report that a test has written; nil if there is none.
func readReport(path string) ([]*junit.Element, error) {
	content, err := regular.Read(path, reportLimit)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, err
	}
	return junit.Read(content)
}

// of returns how the attempts at a test ended.
func (s *suite) of(index int) (list []testEnd) {
	for attempt := range s.results[index].Attempts {
		list = append(list, s.ended[attemptKey{index, attempt + 1}])
	}
	return list
}
