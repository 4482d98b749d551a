package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/docker/cli/cli/command"
	"github.com/spf13/cobra"

	"github.com/docker-bmo/docker-bmo/bmo"
	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/stack"
)

type initOptions struct {
	stackOptions
	schema bool
}

func newInitCommand(dockerCli command.Cli) *cobra.Command {
	var options initOptions
	cmd := &cobra.Command{
		Use:   "init [OPTIONS]",
		Short: "Create a compose.bmo.yaml next to a Compose file",
		Long: `Create a compose.bmo.yaml next to a Compose file.

It has as comments what docker bmo takes from the Compose file: when services
are ready, what the application's address is. What it may have to be told is
there to be uncommented. A file that exists is never overwritten.`,
		Args:              noStackArgument,
		RunE:              func(cmd *cobra.Command, _ []string) error { return runInit(cmd.Context(), dockerCli, options) },
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	flags := cmd.Flags()
	options.addStackFlags(flags)
	options.complete(cmd)
	flags.BoolVar(&options.schema, "schema", false, "Print the JSON schema of the x-bmo keys, for editors")
	return cmd
}

func runInit(ctx context.Context, dockerCli command.Cli, options initOptions) error {
	if options.schema {
		_, err := dockerCli.Out().Write(stack.Schema)
		return err
	}
	st, err := options.load(ctx)
	if err != nil {
		return err
	}
	if st.Dir == "" {
		return hint.Wrap(fmt.Errorf("no Compose file here or above"), "run it in the folder of a Compose file, or name one with -f")
	}
	options.say(dockerCli, st)
	file := filepath.Join(st.Dir, bmo.DraftName)
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return hint.Wrap(fmt.Errorf("%s is there already", file), "it is left as it is; `docker bmo config` shows what becomes of it")
	}
	if err != nil {
		return err
	}
	_, err = f.Write(bmo.Draft(st))
	if err := errors.Join(err, f.Close()); err != nil {
		os.Remove(file)
		return err
	}
	fmt.Fprintln(dockerCli.Out(), file)
	return nil
}
