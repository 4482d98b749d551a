package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/docker/cli/cli/command"
	"github.com/docker/cli/cli/command/completion"
	"github.com/spf13/cobra"

	"github.com/docker-bmo/docker-bmo/bmo"
	"github.com/docker-bmo/docker-bmo/internal/hint"
)

// What an instance is kept for.
const (
	freshFile  = "file"
	freshShard = "shard"
)

type testOptions struct {
	runOptions
	files        []string
	fresh, junit string
	retries      int
	verbose      bool
}

func newTestCommand(dockerCli command.Cli) *cobra.Command {
	var options testOptions
	cmd := &cobra.Command{
		Use:   "test [OPTIONS] -- COMMAND [ARG...]",
		Short: "Run a list of tests against several instances",
		Long: `Run a list of tests against several instances at the same time: COMMAND once for
each word of the list, which is read from standard input, one a line, or found
by --files. The tests that took longest before are begun first.

In COMMAND, {} is replaced by the test; if it is nowhere, the test is the last
argument. {junit} is a file for a JUnit report of it, also in BMO_JUNIT, and
{instance} the instance's name. The instance's address and accounts are in the
environment, as for "docker bmo run".

A test has passed when its command ends with 0. What a failed one printed is
shown at the end. The exit code is the highest one of the tests.`,
		Example: `  docker bmo test -n 4 --files 'tests/**/test_*.py' --junit out.xml -- pytest -q --junitxml={junit} {}
  docker bmo test --files 't/*.t' --retries 1 -- prove -v
  go list ./... | docker bmo test -n 4 --junit out.xml -- go test -count=1`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 || cmd.ArgsLenAtDash() != 0 {
				return coded{hint.Wrap(errors.New("there is no command to run the tests with"),
					"put it after `--`, for instance: docker bmo test --files 't/*.t' -- prove {}"), exitEngine}
			}
			options.command = args
			options.refill = func(pools []string) error { return refill(dockerCli, cmd, pools) }
			return runTest(cmd.Context(), dockerCli, options)
		},
	}
	// Stop at the first positional argument, so that the command's flags are not parsed as docker bmo's.
	cmd.Flags().SetInterspersed(false)
	options.addFlags(cmd.Flags())
	options.complete(cmd)
	options.addTestFlags(cmd)
	_ = cmd.RegisterFlagCompletionFunc("snapshot", options.completeSnapshotsOf(dockerCli))
	return cmd
}

func (o *testOptions) addTestFlags(cmd *cobra.Command) {
	o.addInstanceFlags(cmd)
	flags := cmd.Flags()
	flags.StringArrayVar(&o.files, "files", nil, `Run the files that match a pattern, in place of a list on STDIN (e.g., "t/**/*.t")`)
	flags.StringVar(&o.fresh, "fresh", freshShard, `What has an instance of its own ("file", "shard"): each test, or each of those that run at the same time`)
	flags.StringVar(&o.junit, "junit", "", "Write one JUnit report of all tests to a file")
	flags.IntVarP(&o.number, "number", "n", 0, "Number of tests to run at the same time (default is the engine's number of processors)")
	flags.IntVar(&o.retries, "retries", 0, "Number of times to run a failed test again, against a fresh instance")
	flags.BoolVarP(&o.verbose, "verbose", "v", false, "Show what tests printed that passed, too")
	flags.Lookup("quiet").Usage = "Suppress progress"
	_ = cmd.RegisterFlagCompletionFunc("fresh", completion.FromList(freshFile, freshShard))
}

func (o testOptions) check() error {
	switch {
	case o.number < 0:
		return fmt.Errorf("invalid --number %d: want 0 or more", o.number)
	case o.retries < 0:
		return fmt.Errorf("invalid --retries %d: want 0 or more", o.retries)
	case o.fresh != freshFile && o.fresh != freshShard:
		return fmt.Errorf("invalid --fresh %q: want %s or %s", o.fresh, freshFile, freshShard)
	}
	if info, err := os.Stat(filepath.Dir(o.junit)); err != nil || !info.IsDir() {
		return fmt.Errorf("--junit %s: there is no such folder", o.junit) // not after all tests have been run
	}
	return o.checkInstance()
}

func runTest(ctx context.Context, dockerCli command.Cli, options testOptions) error {
	if err := options.check(); err != nil {
		return coded{err, exitEngine}
	}
	tests, err := options.list(dockerCli)
	if err != nil {
		return coded{err, exitEngine}
	}
	suite, err := newSuite(dockerCli, options, tests)
	if err != nil {
		return coded{err, exitEngine}
	}
	defer suite.close()
	if err := suite.run(ctx); err != nil && suite.results == nil {
		return coded{err, exitEngine}
	} else if err != nil {
		suite.unrun = err
	}
	return suite.finish(ctx)
}

// run runs the tests.
func (s *suite) run(ctx context.Context) error {
	run, err := s.runOptions.run()
	if err != nil {
		return err
	}
	c, st, err := s.clientAndStack(ctx, s.dockerCli)
	if err != nil {
		return err
	}
	if run.Progress, err = s.printer(s.dockerCli, "Testing"); err != nil {
		return err
	}
	defer run.Progress.Close()
	s.stack = st.Name
	s.signals = newFan(ctx)
	s.results, err = c.Test(ctx, st, bmo.TestOptions{
		RunOptions: run, Tests: s.tests, FreshEach: s.fresh == freshFile, Retries: s.retries, Command: s.command, Do: s.do, Also: s.also,
		Refill: func(pools []string) {
			if err := s.refill(pools); err != nil {
				run.Progress.Print(warning(fmt.Errorf("a pool is not filled again: %w", err)))
			}
		},
	})
	return err
}
