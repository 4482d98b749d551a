package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/docker/cli/cli/command"
	"github.com/spf13/cobra"

	"github.com/docker-bmo/docker-bmo/bmo"
	"github.com/docker-bmo/docker-bmo/internal/hint"
)

type buildOptions struct {
	stackOptions
	metadataFile, iidFile string
	dryRun, explain       bool
	keepFailed, push      bool
}

func newBuildCommand(dockerCli command.Cli) *cobra.Command {
	var options buildOptions
	cmd := &cobra.Command{
		Use:   "build [OPTIONS]",
		Short: "Build a stack's images, bootstrap the application and keep the result as a snapshot",
		Long: `Build a stack's images, bootstrap the application and keep the result as a snapshot.

The snapshot's key covers everything that went into it. When a snapshot of the
same inputs is there already, nothing is built and the command is done at once.
Prints the snapshot's key.`,
		Example: `  docker bmo build --stack demo
  docker bmo build --source ~/src/bmo
  docker bmo build --stack ./compose.yaml --set MYSQL_IMAGE=mysql:8.4
  docker bmo build --push --repository registry.example/team/shop --sign cosign.key
  docker bmo build --label ci.run=42 --metadata-file build.json`,
		Args:              noStackArgument,
		RunE:              func(cmd *cobra.Command, _ []string) error { return runBuild(cmd.Context(), dockerCli, options) },
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	flags := cmd.Flags()
	options.addFlags(flags)
	options.addEnvFileFlag(flags)
	options.complete(cmd)
	options.addResultFlags(flags)
	flags.BoolVar(&options.dryRun, "dry-run", false, `Print what would be built, and build nothing`)
	flags.BoolVar(&options.explain, "explain", false, `Print what differs from the newest snapshot of the stack`)
	flags.BoolVar(&options.keepFailed, "keep-failed", false, `When the bootstrap fails, keep its containers until interrupted, to look into them`)
	flags.BoolVar(&options.push, "push", false, `Push the snapshot to the repository`)
	options.addPushFlags(flags)
	flags.StringVar(&options.metadataFile, "metadata-file", "", `Write build result metadata to a file`)
	flags.StringVar(&options.iidFile, "iidfile", "", `Write the snapshot's key to a file`)
	return cmd
}

func runBuild(ctx context.Context, dockerCli command.Cli, options buildOptions) error {
	start := time.Now()
	if err := errors.Join(checkOutput("--iidfile", options.iidFile), checkOutput("--metadata-file", options.metadataFile)); err != nil {
		return err
	}
	build, err := options.build()
	if err != nil {
		return err
	}
	build.KeepFailed, build.Push = options.keepFailed, options.push
	if build.Sign, err = options.signingKey(ctx, dockerCli); err != nil {
		return err
	}
	if build.Attest, err = options.attest(); err != nil {
		return err
	}
	if build.Attest.Asked && !build.Push {
		return hint.Wrap(errors.New("--attest, --provenance, --sbom: what is pushed is attested"), "add --push, or do it later with `docker bmo push`")
	}
	if build.Sign != nil && !build.Push {
		return hint.Wrap(errors.New("--sign signs what is pushed"), "add --push, or sign later with `docker bmo push --sign`")
	}
	st, err := options.load(ctx)
	if err != nil {
		return err
	}
	options.say(dockerCli, st)
	if options.dryRun {
		return options.printPlan(ctx, dockerCli, st, build)
	}
	c, err := options.connect(ctx, dockerCli)
	if err != nil {
		return err
	}
	if options.explain && !options.dryRun {
		plan, err := c.Plan(ctx, st, build)
		if err != nil {
			return err
		}
		printReasons(dockerCli.Err(), plan)
	}
	if build.Progress, err = options.printer(dockerCli, "Building"); err != nil {
		return err
	}
	result, err := c.Build(ctx, st, build)
	build.Progress.Close()
	if err != nil {
		return err
	}
	s := result.Snapshot
	if result.Outcome == bmo.Made {
		options.sayNotes(dockerCli, st)
	}
	if !options.quiet {
		fmt.Fprintf(dockerCli.Err(), "snapshot %s of %s %s in %s%s\n", bmo.ShortKey(s.Key), s.Stack,
			outcomes[result.Outcome], time.Since(start).Round(time.Millisecond), movedWords(result.Outcome == bmo.Pulled, result.Moved)+originWords(result))
		if result.Push != nil {
			sayPushed(dockerCli.Err(), result.Push, cmp.Or(build.Repository, st.Repository), "")
		}
	}
	if err := options.writeFiles(s); err != nil {
		return err
	}
	fmt.Fprintln(dockerCli.Out(), bmo.ShortKey(s.Key))
	return nil
}

// outcomes are the words with which build reports what happened to a snapshot.
var outcomes = map[bmo.Outcome]string{bmo.Found: "is up to date", bmo.Labeled: "labelled", bmo.Made: "made", bmo.Pulled: "pulled", bmo.Grafted: "made"}

// originWords says what a bootstrap has gone on from.
func originWords(r *bmo.BuildResult) string {
	switch {
	case r.Data != nil:
		return fmt.Sprintf(", with the data of snapshot %s (%s)", bmo.ShortKey(r.Data.Key), r.DataPlatform)
	case r.Origin == nil:
		return ""
	case r.Origin.AfterStep > 0:
		return fmt.Sprintf(", from checkpoint %s after step %d", bmo.ShortKey(r.Origin.Key), r.Origin.AfterStep)
	}
	return ", from snapshot " + bmo.ShortKey(r.Origin.Key)
}

// writeFiles writes the files that flags ask for.
func (o buildOptions) writeFiles(s *bmo.Snapshot) error {
	if o.iidFile != "" {
		if err := os.WriteFile(o.iidFile, []byte(s.Key), 0o644); err != nil {
			return fmt.Errorf("--iidfile: %w", err)
		}
	}
	if o.metadataFile == "" {
		return nil
	}
	b, err := s.Metadata()
	if err != nil {
		return err
	}
	if err := os.WriteFile(o.metadataFile, b, 0o644); err != nil {
		return fmt.Errorf("--metadata-file: %w", err)
	}
	return nil
}
