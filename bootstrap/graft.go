package bootstrap

import (
	"context"

	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/progress"
	"github.com/docker-bmo/docker-bmo/snapshot"
)

// Bring has the engine make images with the data of a snapshot for another platform.
type Bring func(ctx context.Context, log *progress.Log, grafts []snapshot.Graft) error

// Graft makes the snapshot of the built images and of what the bootstrap of a snapshot for another platform has made, whose
// images are in from. Nothing is started. It returns ErrBusy if another process is making the same snapshot.
func Graft(ctx context.Context, r Request, from snapshot.Snapshot, title string, bring Bring) (*snapshot.Snapshot, error) {
	b := newRun(r)
	b.group = b.newGroup() // without containers
	defer b.clear(ctx)
	if err := b.lock(ctx); err != nil {
		return nil, err
	}
	var grafts []snapshot.Graft
	for _, part := range from.Parts() {
		if s, ok := b.Stack.Service(part); ok && !s.Snapshot {
			continue // it is as it was built
		}
		labels := b.labels(part)
		labels[label.Role] = label.RoleRaw
		g := snapshot.Graft{Part: part, Base: b.Built[part], Name: b.tempTag(part), Labels: labels}
		b.raw[part] = g.Name
		grafts = append(grafts, g)
	}
	if len(grafts) > 0 {
		err := b.step(ctx, "", title, func(ctx context.Context, log *progress.Log) error { return bring(ctx, log, grafts) })
		if err != nil {
			return nil, err
		}
	}
	if err := b.seal(ctx); err != nil {
		return nil, err
	}
	return r.made(ctx)
}
