package bmo_test

import (
	"context"
	"fmt"
	"net/http"
	"os"

	"github.com/docker/docker/client"

	"github.com/docker-bmo/docker-bmo/bmo"
)

// A program that builds the demo stack, starts a copy of it, asks it something, and stops it.
func Example() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		for _, hint := range bmo.Hints(err) {
			fmt.Fprintln(os.Stderr, "hint:", hint)
		}
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	api, err := client.NewClientWithOpts(client.FromEnv, client.WithAPIVersionNegotiation())
	if err != nil {
		return err
	}
	demo, err := bmo.LoadStack(ctx, "demo", bmo.StackOptions{Environ: os.Environ()})
	if err != nil {
		return err
	}
	c := bmo.New(api, bmo.WithStateDir(os.TempDir()))
	built, err := c.Build(ctx, demo, bmo.BuildOptions{})
	if err != nil {
		return err
	}
	started, err := c.Run(ctx, demo, bmo.RunOptions{Snapshot: built.Snapshot.Key})
	if err != nil {
		return err
	}
	defer c.Remove(ctx, started.Instances, bmo.StopOptions{})
	resp, err := http.Get(started.Instances[0].URL + "/rest/version")
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	fmt.Println(started.Instances[0].Name, "answers", resp.Status)
	return nil
}
