package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/docker/cli/cli"
	"github.com/docker/go-units"

	"github.com/docker-bmo/docker-bmo/bmo"
	"github.com/docker-bmo/docker-bmo/internal/junit"
	"github.com/docker-bmo/docker-bmo/internal/printable"
)

// finish shows what became of the tests, writes the report, and returns the exit code.
func (s *suite) finish(ctx context.Context) error {
	s.show()
	var err error
	if s.junit != "" {
		err = s.writeJUnit()
	}
	if ctx.Err() != nil {
		return errors.Join(context.Cause(ctx), err)
	}
	code := 0
	for i, r := range s.results {
		if ends := s.of(i); len(ends) > 0 && !r.Passed() {
			code = max(code, ends[len(ends)-1].code)
		}
	}
	if s.unrun != nil || err != nil {
		return coded{errors.Join(s.unrun, err), max(code, exitEngine)}
	}
	if code != 0 {
		return cli.StatusError{StatusCode: code}
	}
	return nil
}

// show prints what failed tests printed, which tests are flaky or were not run, and how many there are of each.
func (s *suite) show() {
	out := s.dockerCli.Out()
	var passed, failed, flaky, unrun int
	var took time.Duration
	for i, r := range s.results {
		ends := s.of(i)
		for n, a := range r.Attempts {
			took += a.Took
			last := n == len(r.Attempts)-1
			if a.Lost != nil {
				fmt.Fprintf(out, "lost: %s, with the engine that %s was on: %s\n", printable.Text(r.Test), a.Instance, printable.Text(a.Lost.Error()))
			}
			if !last || a.Err == nil && !s.verbose {
				continue
			}
			word, how := "FAIL", ": "+printable.Text(ends[n].text)
			if a.Err == nil {
				word, how = "ok", ""
			}
			fmt.Fprintf(out, "--- %s %s (%s, %s)%s\n%s", word, printable.Text(r.Test), a.Instance, shortTime(a.Took), how, withEnd(ends[n].output))
		}
		switch {
		case len(r.Attempts) == 0:
			unrun++
		case r.Flaky():
			flaky++
			fmt.Fprintf(out, "flaky: %s passed at attempt %d; before that: %s\n", printable.Text(r.Test), len(r.Attempts), printable.Text(ends[0].text))
		case r.Passed():
			passed++
		default:
			failed++
			fmt.Fprintf(s.dockerCli.Err(), "record of the instance of %s: docker bmo logs %s\n", printable.Text(r.Test), r.Attempts[len(r.Attempts)-1].Instance)
		}
	}
	line := fmt.Sprintf("%d tests: %d passed", len(s.results), passed)
	for _, c := range []struct {
		n    int
		what string
	}{{flaky, "flaky"}, {failed, "failed"}, {unrun, "not run"}} {
		if c.n > 0 {
			line += fmt.Sprintf(", %d %s", c.n, c.what)
		}
	}
	fmt.Fprintf(out, "%s, in %s (%s one after the other)\n", line, shortTime(time.Since(s.began)), shortTime(took))
}

// withEnd returns a text that ends a line, if it has any.
func withEnd(text string) string {
	if text == "" || strings.HasSuffix(text, "\n") {
		return text
	}
	return text + "\n"
}

// shortTime shows how long something took.
func shortTime(d time.Duration) string {
	if d >= time.Minute {
		return d.Round(time.Second).String()
	}
	return fmt.Sprintf("%.1fs", d.Seconds())
}

// writeJUnit writes the report of all tests.
func (s *suite) writeJUnit() error {
	var all []*junit.Element
	for i, r := range s.results {
		all = append(all, s.suitesOf(r, s.of(i))...)
	}
	var b bytes.Buffer
	if err := junit.Write(&b, s.stack, all, time.Since(s.began)); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	if err := os.WriteFile(s.junit, b.Bytes(), 0o666); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	if !s.quiet {
		n := junit.CountOf(all)
		fmt.Fprintf(s.dockerCli.Err(), "%s: %d test cases, %s\n", s.junit, n.Tests, units.HumanSize(float64(b.Len())))
	}
	return nil
}

// suitesOf returns the test suites of one test: those that its last attempt has written, else one of a single test case,
// with what earlier attempts failed of.
func (s *suite) suitesOf(r bmo.TestResult, ends []testEnd) []*junit.Element {
	if len(ends) == 0 {
		skipped := junit.New("skipped", "message", "not run: "+s.whyUnrun())
		return []*junit.Element{junit.New("testsuite", "name", r.Test).Add(junit.New("testcase", "classname", s.stack, "name", r.Test).Add(skipped))}
	}
	last := len(ends) - 1
	suites := s.written(r, last, ends[last])
	for i, end := range ends[:last] {
		if r.Attempts[i].Lost != nil {
			continue // it says nothing about the test
		}
		junit.Rerun(suites, s.written(r, i, end))
	}
	for _, one := range suites {
		one.Properties("test", r.Test, "instance", r.Attempts[last].Instance)
	}
	return suites
}

func (s *suite) whyUnrun() string {
	if s.unrun == nil {
		return "interrupted"
	}
	return s.unrun.Error()
}

// written returns what an attempt has written. A command that failed with a report in which nothing did has failed all the
// same.
func (s *suite) written(r bmo.TestResult, attempt int, end testEnd) []*junit.Element {
	n := junit.CountOf(end.suites)
	if end.suites != nil && (end.code == 0 || n.Failures+n.Errors > 0) {
		return end.suites
	}
	a := r.Attempts[attempt]
	suite := junit.New("testsuite", "name", r.Test, "tests", "1", "time", junit.Seconds(a.Took), "timestamp", a.Began.UTC().Format("2006-01-02T15:04:05"))
	one := junit.New("testcase", "classname", s.stack, "name", r.Test, "time", junit.Seconds(a.Took))
	if end.code != 0 {
		kind := "failure"
		if end.code >= exitEngine { // it could not be run, or was ended
			kind = "error"
		}
		f := junit.New(kind, "message", end.text)
		f.Text = lastOf(junit.Plain(end.output))
		one.Add(f)
	}
	if end.output != "" {
		out := junit.New("system-out")
		out.Text = junit.Plain(end.output)
		one.Add(out)
	}
	return append(end.suites, suite.Add(one))
}

// lastOf returns the last lines of an output.
func lastOf(text string) string {
	lines := strings.SplitAfter(text, "\n")
	return strings.Join(lines[max(0, len(lines)-40):], "")
}
