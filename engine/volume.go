package engine

import (
	"context"
	"fmt"

	"github.com/docker/docker/api/types/mount"
	"github.com/docker/docker/api/types/versions"
	"github.com/docker/docker/api/types/volume"

	"github.com/docker-bmo/docker-bmo/internal/hint"
)

// Mount is a volume in a container.
type Mount struct {
	// Volume is the volume's name; without one, the container gets a volume of its own, which is removed with it.
	Volume string
	// Target is an absolute path in the container.
	Target   string
	ReadOnly bool
	// NoCopy leaves a volume that is empty as it is. Otherwise the engine fills it with what the image has at Target.
	NoCopy bool
	// Subpath is the part of the volume that is mounted, relative to it.
	Subpath string
}

// minSubpath is the API version that knows a mount's subpath, and its first release.
const minSubpath, minSubpathRelease = "1.45", "26.0"

func (e *Engine) mounts(list []Mount) ([]mount.Mount, error) {
	var out []mount.Mount
	for _, m := range list {
		if m.Subpath != "" && versions.LessThan(e.api.ClientVersion(), minSubpath) {
			return nil, hint.Wrap(fmt.Errorf("mount the part %s of volume %s at %s: the engine cannot do that", m.Subpath, m.Volume, m.Target),
				"mount the whole volume, or use an engine of release "+minSubpathRelease+" or newer")
		}
		out = append(out, mount.Mount{
			Type: mount.TypeVolume, Source: m.Volume, Target: m.Target, ReadOnly: m.ReadOnly,
			VolumeOptions: &mount.VolumeOptions{NoCopy: m.NoCopy, Subpath: m.Subpath},
		})
	}
	return out, nil
}

// Volume is a volume of the engine.
type Volume struct {
	Name   string
	Labels map[string]string
}

// CreateVolume makes an empty volume with that name, in place of one that is there already.
func (e *Engine) CreateVolume(ctx context.Context, name string, labels map[string]string) error {
	// The engine would return the old one, whatever is in it.
	if err := e.RemoveVolume(ctx, name); err != nil {
		return err
	}
	ctx, done, err := settling(ctx)
	if err != nil {
		return err
	}
	defer done()
	if _, err := e.api.VolumeCreate(ctx, volume.CreateOptions{Name: name, Labels: labels}); err != nil {
		return fmt.Errorf("create volume %s: %w", name, Plain(err))
	}
	return nil
}

// Volumes lists the volumes that have all of the labels.
func (e *Engine) Volumes(ctx context.Context, labels ...string) ([]Volume, error) {
	list, err := e.api.VolumeList(ctx, volume.ListOptions{Filters: labelFilter(labels)})
	if err != nil {
		return nil, fmt.Errorf("list volumes: %w", Plain(err))
	}
	volumes := make([]Volume, len(list.Volumes))
	for i, v := range list.Volumes {
		volumes[i] = Volume{Name: v.Name, Labels: v.Labels}
	}
	return volumes, nil
}

// RemoveVolume removes a volume; it is no error if the volume is already gone.
func (e *Engine) RemoveVolume(ctx context.Context, name string) error {
	if err := e.api.VolumeRemove(ctx, name, false); err != nil && !IsNotFound(err) {
		return fmt.Errorf("remove volume %s: %w", name, Plain(err))
	}
	return nil
}

// CarrierPath is where an image that carries a volume's content has it, and where a container that reads or fills the
// volume has the volume.
const CarrierPath = "/volume"
