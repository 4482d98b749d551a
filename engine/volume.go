package engine

import (
	"context"
	"fmt"

	"github.com/docker/docker/api/types/mount"
	"github.com/docker/docker/api/types/versions"
	"github.com/docker/docker/api/types/volume"

	"github.com/docker-bmo/docker-bmo/internal/hint"
)

// Mount is a volume in a container, or a path of the engine's machine.
type Mount struct {
	// Path is a file or folder of the engine's machine, which is mounted in place of a volume. A folder is made where there
	// is nothing.
	Path string
	// Volume is the volume's name; without one, the container gets a volume of its own, which is removed with it.
	Volume string
	// Target is an absolute path in the container.
	Target   string
	ReadOnly bool
	// NoCopy leaves a volume that is empty as it is. Otherwise the engine fills it with what the image has at Target.
	NoCopy bool
	// Labels are those of the volume if the engine makes it for the container, because there is none of that name.
	Labels map[string]string
	// Subpath is the part of the volume that is mounted, relative to it.
	Subpath string
}

// minSubpath is the API version that knows a mount's subpath, and its first release.
const minSubpath, minSubpathRelease = "1.45", "26.0"

func (e *Engine) mounts(list []Mount) ([]mount.Mount, error) {
	var out []mount.Mount
	for _, m := range list {
		if m.Path != "" {
			out = append(out, mount.Mount{
				Type: mount.TypeBind, Source: m.Path, Target: m.Target, ReadOnly: m.ReadOnly,
				BindOptions: &mount.BindOptions{CreateMountpoint: true},
			})
			continue
		}
		if m.Subpath != "" && versions.LessThan(e.api.ClientVersion(), minSubpath) {
			return nil, hint.Wrap(fmt.Errorf("mount the part %s of volume %s at %s: the engine cannot do that", m.Subpath, m.Volume, m.Target),
				"mount the whole volume, or use an engine of release "+minSubpathRelease+" or newer")
		}
		out = append(out, mount.Mount{
			Type: mount.TypeVolume, Source: m.Volume, Target: m.Target, ReadOnly: m.ReadOnly,
			VolumeOptions: &mount.VolumeOptions{NoCopy: m.NoCopy, Labels: m.Labels, Subpath: m.Subpath},
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

// KeepVolume makes an empty volume with that name, or leaves the one that is there, and returns the labels that it has: of
// several processes that do so at the same time, those of the first.
func (e *Engine) KeepVolume(ctx context.Context, name string, labels map[string]string) (map[string]string, error) {
	ctx, done, err := settling(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	v, err := e.api.VolumeCreate(ctx, volume.CreateOptions{Name: name, Labels: labels})
	if err != nil {
		return nil, fmt.Errorf("create volume %s: %w", name, Plain(err))
	}
	return v.Labels, nil
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
