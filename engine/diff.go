package engine

import (
	"context"
	"fmt"

	"github.com/docker/docker/api/types/container"
)

// Change is how a path of a container differs from its image: A for added, C for changed, D for deleted.
type Change struct{ Kind, Path string }

// Changes returns what is not in a container as in its image, as `docker diff` does, without the program of ours.
func (e *Engine) Changes(ctx context.Context, id string) ([]Change, error) {
	list, err := e.api.ContainerDiff(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("look for changes in container %s: %w", id, Plain(err))
	}
	kinds := map[container.ChangeType]string{container.ChangeModify: "C", container.ChangeAdd: "A", container.ChangeDelete: "D"}
	var out []Change
	for _, c := range list {
		if c.Path != relayPath {
			out = append(out, Change{Kind: kinds[c.Kind], Path: c.Path})
		}
	}
	return out, nil
}
