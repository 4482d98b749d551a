package engine_test

import (
	"context"
	"errors"
	"net/http"
	"path/filepath"
	"testing"

	"github.com/docker/docker/client"
	"gotest.tools/v3/assert"
	is "gotest.tools/v3/assert/cmp"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/engine/enginetest"
	"github.com/docker-bmo/docker-bmo/internal/hint"
)

func TestConnect(t *testing.T) {
	f := enginetest.New(t)
	e := f.Engine(t)
	info, err := e.Connect(t.Context())
	assert.NilError(t, err)
	assert.Equal(t, info, engine.Info{
		ID: "fake", Version: "28.5.2", APIVersion: "1.51", OS: "linux", Arch: "amd64", Driver: "overlay2", CPUs: 2,
	})
	assert.Equal(t, info.Platform(), "linux/amd64")
	assert.Equal(t, e.Host(), f.Host())
	assert.Assert(t, e.Local())
}

func TestConnectAsksForLinux(t *testing.T) {
	f := enginetest.New(t)
	a := enginetest.Modern
	a.OSType = "windows"
	f.SetAbout(a)
	_, err := f.Engine(t).Connect(t.Context())
	assert.Error(t, err, "the engine runs windows containers: linux containers are needed")
}

func TestStory16TooOldAnEngineIsNamedWithWhatItNeeds(t *testing.T) {
	for _, c := range []struct{ version, api, want string }{
		{"20.10.24", "1.41", "docker engine 20.10.24 (API 1.41) is too old: 25.0 (API 1.44) or newer is needed"},
		{"24.0.9", "1.43", "docker engine 24.0.9 (API 1.43) is too old: 25.0 (API 1.44) or newer is needed"},
		{"25.0.0", "1.44", ""},
		{"30.0.0", "1.100", ""},
	} {
		t.Run(c.version, func(t *testing.T) {
			f := enginetest.New(t)
			f.SetAbout(enginetest.About{Version: c.version, APIVersion: c.api, OSType: "linux"})
			_, err := f.Engine(t).Connect(t.Context())
			if c.want == "" {
				assert.NilError(t, err)
				return
			}
			assert.Error(t, err, c.want)
			assert.Assert(t, engine.IsFailure(err))
			assert.DeepEqual(t, hint.All(err), []string{
				"upgrade the engine, or choose another one with `docker context use` or DOCKER_HOST",
			})
		})
	}
}

func TestStory16NoEngineIsSaidWithItsAddress(t *testing.T) {
	host := "unix://" + filepath.Join(t.TempDir(), "none")
	c, err := client.NewClientWithOpts(client.WithHost(host))
	assert.NilError(t, err)
	_, err = engine.New(c).Connect(t.Context())
	assert.Error(t, err, "cannot reach a docker engine at "+host+": is it running?")
	var gone *engine.UnavailableError
	assert.Assert(t, errors.As(err, &gone) && engine.IsFailure(err))
	assert.DeepEqual(t, hint.All(err), []string{
		"start the engine, or choose another one with `docker context use` or DOCKER_HOST",
	})
}

// TestConnectInterrupted: a user who presses Ctrl-C while an engine does not answer has interrupted the command; the
// error does not say to start the engine.
func TestConnectInterrupted(t *testing.T) {
	f := enginetest.New(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("stop it")
	f.Before("GET", "/version", func(r *http.Request) {
		cancel(stop)
		<-r.Context().Done()
	})
	_, err := f.Engine(t).Connect(ctx)
	assert.Assert(t, is.ErrorIs(err, stop))
	var gone *engine.UnavailableError
	assert.Assert(t, !errors.As(err, &gone))
}

func TestStory17SlowDriverIsKnown(t *testing.T) {
	for driver, slow := range map[string]bool{
		"overlay2": false, "overlayfs": false, "fuse-overlayfs": false, "btrfs": false, "zfs": false,
		"vfs": true, "devicemapper": true, "native": true,
	} {
		assert.Equal(t, engine.Info{Driver: driver}.SlowDriver(), slow, driver)
	}
}

func TestContainerdStore(t *testing.T) {
	for _, c := range []struct {
		status [][2]string
		want   bool
	}{
		{nil, false},
		{[][2]string{{"Backing Filesystem", "extfs"}, {"Supports d_type", "true"}}, false},
		{[][2]string{{"driver-type", "io.containerd.snapshotter.v1"}}, true},
	} {
		f := enginetest.New(t)
		a := enginetest.Modern
		a.DriverStatus = c.status
		f.SetAbout(a)
		info, err := f.Engine(t).Connect(t.Context())
		assert.NilError(t, err)
		assert.Equal(t, info.ContainerdStore, c.want, "%v", c.status)
	}
}

func TestLocal(t *testing.T) {
	for host, want := range map[string]bool{
		"unix:///var/run/docker.sock": true, "tcp://192.0.2.1:2376": false, "http://docker.example": false,
	} {
		c, err := client.NewClientWithOpts(client.WithHost(host))
		assert.NilError(t, err)
		assert.Equal(t, engine.New(c).Local(), want, host)
	}
}
