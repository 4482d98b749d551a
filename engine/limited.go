package engine

import (
	"bytes"
	"context"
	"io"
	"net"
	"time"

	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/system"
	"github.com/docker/docker/api/types/volume"
	"github.com/docker/docker/client"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// limited is the client with a limit on each request that docker bmo makes. Its methods are those of the client.
type limited struct {
	client.APIClient
	*limits
}

func (a limited) Info(ctx context.Context) (system.Info, error) {
	return ask(ctx, a.limits, a.question(), "ask it about itself", a.APIClient.Info)
}

func (a limited) ServerVersion(ctx context.Context) (types.Version, error) {
	return ask(ctx, a.limits, a.question(), "ask for its version", a.APIClient.ServerVersion)
}

func (a limited) ContainerStatsOneShot(ctx context.Context, id string) (container.StatsResponseReader, error) {
	return ask(ctx, a.limits, a.question(), "ask for the memory of a container", func(ctx context.Context) (container.StatsResponseReader, error) {
		return whole(a.APIClient.ContainerStatsOneShot(ctx, id))
	})
}

// whole reads an answer to its end, which the limit on a request is the limit of.
func whole(r container.StatsResponseReader, err error) (container.StatsResponseReader, error) {
	if err != nil {
		return r, err
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(text))
	return r, err
}

func (a limited) DiskUsage(ctx context.Context, o types.DiskUsageOptions) (types.DiskUsage, error) {
	return ask(ctx, a.limits, a.labour(), "count what takes its disk", func(ctx context.Context) (types.DiskUsage, error) {
		return a.APIClient.DiskUsage(ctx, o)
	})
}

func (a limited) DialHijack(ctx context.Context, url, proto string, meta map[string][]string) (net.Conn, error) {
	return open(ctx, a.limits, "open "+url, func(ctx context.Context) (net.Conn, error) {
		return within(ctx, func() (net.Conn, error) { return a.APIClient.DialHijack(ctx, url, proto, meta) }, func(c net.Conn) { c.Close() })
	})
}

func (a limited) ContainerAttach(ctx context.Context, id string, o container.AttachOptions) (types.HijackedResponse, error) {
	return open(ctx, a.limits, "attach to a container", func(ctx context.Context) (types.HijackedResponse, error) {
		return hijack(ctx, func() (types.HijackedResponse, error) { return a.APIClient.ContainerAttach(ctx, id, o) })
	})
}

func (a limited) ContainerExecAttach(ctx context.Context, id string, o container.ExecAttachOptions) (types.HijackedResponse, error) {
	return open(ctx, a.limits, "run a command in a container", func(ctx context.Context) (types.HijackedResponse, error) {
		return hijack(ctx, func() (types.HijackedResponse, error) { return a.APIClient.ContainerExecAttach(ctx, id, o) })
	})
}

func (a limited) ContainerExecCreate(ctx context.Context, id string, o container.ExecOptions) (container.ExecCreateResponse, error) {
	return ask(ctx, a.limits, a.question(), "run a command in a container", func(ctx context.Context) (container.ExecCreateResponse, error) {
		return a.APIClient.ContainerExecCreate(ctx, id, o)
	})
}

func (a limited) ContainerExecInspect(ctx context.Context, id string) (container.ExecInspect, error) {
	return ask(ctx, a.limits, a.question(), "look at a command in a container", func(ctx context.Context) (container.ExecInspect, error) {
		return a.APIClient.ContainerExecInspect(ctx, id)
	})
}

func (a limited) ContainerCommit(ctx context.Context, id string, o container.CommitOptions) (container.CommitResponse, error) {
	return ask(ctx, a.limits, a.labour(), "commit a container", func(ctx context.Context) (container.CommitResponse, error) {
		return a.APIClient.ContainerCommit(ctx, id, o)
	})
}

func (a limited) ContainerCreate(ctx context.Context, cfg *container.Config, host *container.HostConfig, nets *network.NetworkingConfig,
	platform *ocispec.Platform, name string,
) (container.CreateResponse, error) {
	return ask(ctx, a.limits, a.labour(), "create container "+name, func(ctx context.Context) (container.CreateResponse, error) {
		return a.APIClient.ContainerCreate(ctx, cfg, host, nets, platform, name)
	})
}

func (a limited) ContainerDiff(ctx context.Context, id string) ([]container.FilesystemChange, error) {
	return ask(ctx, a.limits, a.labour(), "look for changes in a container", func(ctx context.Context) ([]container.FilesystemChange, error) {
		return a.APIClient.ContainerDiff(ctx, id)
	})
}

func (a limited) ContainerInspect(ctx context.Context, id string) (container.InspectResponse, error) {
	return ask(ctx, a.limits, a.question(), "inspect a container", func(ctx context.Context) (container.InspectResponse, error) {
		return a.APIClient.ContainerInspect(ctx, id)
	})
}

func (a limited) ContainerKill(ctx context.Context, id, signal string) error {
	return do(ctx, a.limits, a.labour(), "send a container a signal", func(ctx context.Context) error {
		return a.APIClient.ContainerKill(ctx, id, signal)
	})
}

func (a limited) ContainerList(ctx context.Context, o container.ListOptions) ([]container.Summary, error) {
	return ask(ctx, a.limits, a.question(), "list containers", func(ctx context.Context) ([]container.Summary, error) {
		return a.APIClient.ContainerList(ctx, o)
	})
}

func (a limited) ContainerLogs(ctx context.Context, id string, o container.LogsOptions) (io.ReadCloser, error) {
	return open(ctx, a.limits, "read the logs of a container", func(ctx context.Context) (io.ReadCloser, error) {
		return a.APIClient.ContainerLogs(ctx, id, o)
	})
}

func (a limited) ContainerPause(ctx context.Context, id string) error {
	return do(ctx, a.limits, a.labour(), "pause a container", func(ctx context.Context) error { return a.APIClient.ContainerPause(ctx, id) })
}

func (a limited) ContainerUnpause(ctx context.Context, id string) error {
	return do(ctx, a.limits, a.labour(), "unpause a container", func(ctx context.Context) error { return a.APIClient.ContainerUnpause(ctx, id) })
}

func (a limited) ContainerRemove(ctx context.Context, id string, o container.RemoveOptions) error {
	return do(ctx, a.limits, a.labour(), "remove a container", func(ctx context.Context) error {
		return a.APIClient.ContainerRemove(ctx, id, o)
	})
}

func (a limited) ContainerRename(ctx context.Context, id, name string) error {
	return do(ctx, a.limits, a.question(), "rename a container", func(ctx context.Context) error {
		return a.APIClient.ContainerRename(ctx, id, name)
	})
}

func (a limited) ContainerStart(ctx context.Context, id string, o container.StartOptions) error {
	return do(ctx, a.limits, a.labour(), "start a container", func(ctx context.Context) error {
		return a.APIClient.ContainerStart(ctx, id, o)
	})
}

func (a limited) ContainerStop(ctx context.Context, id string, o container.StopOptions) error {
	k := a.labour()
	if o.Timeout != nil {
		k.limit += time.Duration(*o.Timeout) * time.Second
		k.say += time.Duration(*o.Timeout) * time.Second
	}
	return do(ctx, a.limits, k, "stop a container", func(ctx context.Context) error { return a.APIClient.ContainerStop(ctx, id, o) })
}

// waits are the channels that ContainerWait returns.
type waits struct {
	ended <-chan container.WaitResponse
	errs  <-chan error
}

func (a limited) ContainerWait(ctx context.Context, id string, until container.WaitCondition) (<-chan container.WaitResponse, <-chan error) {
	w, err := open(ctx, a.limits, "wait for a container", func(ctx context.Context) (waits, error) {
		ended, errs := a.APIClient.ContainerWait(ctx, id, until)
		return waits{ended, errs}, nil
	})
	if err != nil {
		failed := make(chan error, 1)
		failed <- err
		return nil, failed
	}
	return w.ended, w.errs
}

func (a limited) CopyToContainer(ctx context.Context, id, path string, content io.Reader, o container.CopyToContainerOptions) error {
	return do(ctx, a.limits, a.labour(), "copy files into a container", func(ctx context.Context) error {
		return a.APIClient.CopyToContainer(ctx, id, path, content, o)
	})
}

func (a limited) ImageList(ctx context.Context, o image.ListOptions) ([]image.Summary, error) {
	return ask(ctx, a.limits, a.question(), "list images", func(ctx context.Context) ([]image.Summary, error) {
		return a.APIClient.ImageList(ctx, o)
	})
}

func (a limited) ImageInspect(ctx context.Context, ref string, o ...client.ImageInspectOption) (image.InspectResponse, error) {
	return ask(ctx, a.limits, a.question(), "inspect image "+ref, func(ctx context.Context) (image.InspectResponse, error) {
		return a.APIClient.ImageInspect(ctx, ref, o...)
	})
}

func (a limited) ImageTag(ctx context.Context, id, ref string) error {
	return do(ctx, a.limits, a.question(), "name an image", func(ctx context.Context) error { return a.APIClient.ImageTag(ctx, id, ref) })
}

func (a limited) ImageRemove(ctx context.Context, ref string, o image.RemoveOptions) ([]image.DeleteResponse, error) {
	return ask(ctx, a.limits, a.labour(), "remove image "+ref, func(ctx context.Context) ([]image.DeleteResponse, error) {
		return a.APIClient.ImageRemove(ctx, ref, o)
	})
}

func (a limited) NetworkCreate(ctx context.Context, name string, o network.CreateOptions) (network.CreateResponse, error) {
	return ask(ctx, a.limits, a.labour(), "create network "+name, func(ctx context.Context) (network.CreateResponse, error) {
		return a.APIClient.NetworkCreate(ctx, name, o)
	})
}

func (a limited) NetworkList(ctx context.Context, o network.ListOptions) ([]network.Summary, error) {
	return ask(ctx, a.limits, a.question(), "list networks", func(ctx context.Context) ([]network.Summary, error) {
		return a.APIClient.NetworkList(ctx, o)
	})
}

func (a limited) NetworkRemove(ctx context.Context, id string) error {
	return do(ctx, a.limits, a.labour(), "remove a network", func(ctx context.Context) error { return a.APIClient.NetworkRemove(ctx, id) })
}

func (a limited) VolumeCreate(ctx context.Context, o volume.CreateOptions) (volume.Volume, error) {
	return ask(ctx, a.limits, a.labour(), "create volume "+o.Name, func(ctx context.Context) (volume.Volume, error) {
		return a.APIClient.VolumeCreate(ctx, o)
	})
}

func (a limited) VolumeList(ctx context.Context, o volume.ListOptions) (volume.ListResponse, error) {
	return ask(ctx, a.limits, a.question(), "list volumes", func(ctx context.Context) (volume.ListResponse, error) {
		return a.APIClient.VolumeList(ctx, o)
	})
}

func (a limited) VolumeRemove(ctx context.Context, name string, force bool) error {
	return do(ctx, a.limits, a.labour(), "remove a volume", func(ctx context.Context) error {
		return a.APIClient.VolumeRemove(ctx, name, force)
	})
}
