package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/docker/cli/cli/command"
	"github.com/docker/go-units"

	"github.com/docker-bmo/docker-bmo/bmo"
)

// namedRepository returns the repository that a flag names, else the environment.
func namedRepository(flag string) string { return cmp.Or(flag, os.Getenv("DOCKER_BMO_REPOSITORY")) }

// movedWords says how many bytes went between the engine and a registry, if anything did.
func movedWords(moved bool, m bmo.Moved) string {
	if !moved {
		return ""
	}
	return fmt.Sprintf(", %s of %s moved", bytesOf(m.Sent), bytesOf(m.Total))
}

func bytesOf(n int64) string { return units.HumanSizeWithPrecision(float64(n), 3) }

// sayPushed prints what became of a push, and how long it took.
func sayPushed(w io.Writer, p *bmo.PushResult, repository, took string) {
	key := bmo.ShortKey(p.Snapshot.Key)
	if p.Found {
		fmt.Fprintf(w, "snapshot %s of %s is in %s already%s\n", key, p.Snapshot.Stack, repository, took)
		return
	}
	fmt.Fprintf(w, "snapshot %s of %s pushed to %s%s%s\n", key, p.Snapshot.Stack, repository, took, movedWords(true, p.Moved))
}

// inputs returns the digest of the inputs of the stack that the flags select.
func (o *stackOptions) inputs(ctx context.Context, dockerCli command.Cli, c *bmo.Client) (digest, repository string, err error) {
	build, err := o.build()
	if err != nil {
		return "", "", err
	}
	st, err := o.load(ctx)
	if err != nil {
		return "", "", err
	}
	o.say(dockerCli, st)
	digest, err = c.Inputs(ctx, st, build)
	return digest, st.Repository, err
}

// errStackAndKey is the mistake of naming a snapshot by its key and by its inputs.
var errStackAndKey = errors.New("a snapshot is named, so the flags that select a stack have no meaning")
