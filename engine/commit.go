package engine

import (
	"context"
	"fmt"

	"github.com/docker/docker/api/types/container"

	"github.com/docker-bmo/docker-bmo/internal/hint"
)

// Commit makes a raw image of a stopped container's filesystem, with a name. It is raw because the engine copies the
// container's labels, environment and command into it (daemon/commit.go, merge: values can be overridden, never
// removed): Seal makes a clean image of it.
func (e *Engine) Commit(ctx context.Context, id, ref string, labels map[string]string) error {
	changes := make([]string, 0, len(labels))
	for k, v := range labels {
		changes = append(changes, fmt.Sprintf("LABEL %q=%q", k, v))
	}
	ctx, done, err := settling(ctx)
	if err != nil {
		return err
	}
	defer done()
	_, err = e.api.ContainerCommit(ctx, id, container.CommitOptions{Reference: ref, Changes: changes, Pause: false})
	if IsNoSpace(err) {
		return hint.Wrap(fmt.Errorf("commit %s: %w", ref, Plain(err)), SpaceHint)
	}
	if err != nil {
		return fmt.Errorf("commit %s: %w", ref, Plain(err))
	}
	return nil
}
