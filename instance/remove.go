package instance

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/internal/label"
)

// removeTimeout limits the removal of one instance, in addition to its grace period.
const removeTimeout = 30 * time.Second

// Remove kills an instance's containers, or stops them and kills those that do not end within grace, if that is not 0. It
// removes them, the volumes and the network. It is no error if the instance is already gone. One that has been started since
// under the same name is left alone; an instance without the time when it was made stands for any of its name.
func Remove(ctx context.Context, e *engine.Engine, i *Instance, grace time.Duration) error {
	err := engine.Retry(ctx, func() error { return removeOnce(ctx, e, i, grace) })
	if err != nil {
		return fmt.Errorf("remove instance %s: %w", i.Name, err)
	}
	return nil
}

// removeOnce removes the network after the volumes, whose names others may use when its name is free, and what somebody has
// taken the instance out of its pool with after that: it has the owner.
func removeOnce(ctx context.Context, e *engine.Engine, i *Instance, grace time.Duration) error {
	of := label.Instance + "=" + i.Name
	containers, err := e.Containers(ctx, of)
	if err != nil {
		return err
	}
	var eg errgroup.Group
	for _, c := range containers {
		if !i.has(c.Labels) {
			continue
		}
		eg.Go(func() error {
			if grace > 0 && c.State == "running" {
				if err := e.StopContainer(ctx, c.ID, grace); err != nil {
					return err
				}
			}
			return e.RemoveContainer(ctx, c.ID)
		})
	}
	if err := eg.Wait(); err != nil {
		return err
	}
	volumes, err := e.Volumes(ctx, of)
	if err != nil {
		return err
	}
	if err := i.removeVolumes(ctx, e, volumes, false); err != nil {
		return err
	}
	if err := i.removeNetworks(ctx, e); err != nil {
		return err
	}
	return i.removeVolumes(ctx, e, volumes, true)
}

// has reports whether an object with these labels, which have the instance's name, is the instance's.
func (i *Instance) has(labels map[string]string) bool {
	created, err := time.Parse(time.RFC3339Nano, labels[label.Created])
	// A claim is made later, and no two instances of pools have the same name.
	return err != nil || i.Created.IsZero() || created.Equal(i.Created) || labels[label.Role] == label.RoleClaim
}

// removeVolumes removes those of the volumes that are the instance's: claims, or all others.
func (i *Instance) removeVolumes(ctx context.Context, e *engine.Engine, volumes []engine.Volume, claims bool) error {
	for _, v := range volumes {
		if (v.Labels[label.Role] == label.RoleClaim) != claims || !i.has(v.Labels) {
			continue
		}
		if err := e.RemoveVolume(ctx, v.Name); err != nil {
			return err
		}
	}
	return nil
}

func (i *Instance) removeNetworks(ctx context.Context, e *engine.Engine) error {
	networks, err := e.Networks(ctx, label.Instance+"="+i.Name)
	if err != nil {
		return err
	}
	for _, n := range networks {
		if !i.has(n.Labels) {
			continue
		}
		if err := e.RemoveNetwork(ctx, n.ID); err != nil {
			return err
		}
	}
	return nil
}
