package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/docker/cli/cli/command"

	"github.com/docker-bmo/docker-bmo/bmo"
	"github.com/docker-bmo/docker-bmo/stack"
)

// printPlan prints what a build would do. Nothing on the engine changes, and nothing is swept.
func (o buildOptions) printPlan(ctx context.Context, dockerCli command.Cli, st *stack.Stack, build bmo.BuildOptions) error {
	c, _, err := connect(ctx, dockerCli)
	if err != nil {
		return err
	}
	plan, err := c.Plan(ctx, st, build)
	if err != nil {
		return err
	}
	out := dockerCli.Out()
	if plan.Snapshot != nil && len(plan.Images) == 0 {
		fmt.Fprintf(out, "snapshot %s of %s is up to date\n", bmo.ShortKey(plan.Snapshot.Key), st.Name)
		return nil
	}
	fmt.Fprintf(out, "images: %s\n", strings.Join(plan.Images, ", "))
	for _, step := range plan.Steps {
		fmt.Fprintf(out, "bootstrap: %s\n", step)
	}
	printReasons(out, plan)
	return nil
}

// printReasons prints why a snapshot is not up to date.
func printReasons(w io.Writer, plan *bmo.BuildPlan) {
	switch {
	case plan.Snapshot != nil && len(plan.Images) == 0:
	case plan.Nearest == nil:
		fmt.Fprintln(w, "there is no snapshot of this stack yet")
	case len(plan.Differs) == 0:
		fmt.Fprintf(w, "as for snapshot %s, but for the platform or the version of docker bmo\n", bmo.ShortKey(plan.Nearest.Key))
	}
	for _, d := range plan.Differs {
		fmt.Fprintf(w, "differs from snapshot %s: %s\n", bmo.ShortKey(plan.Nearest.Key), d)
	}
}
