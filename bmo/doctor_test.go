package bmo

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/system"
	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/engine/enginetest"
	"github.com/docker-bmo/docker-bmo/instance/instancetest"
	"github.com/docker-bmo/docker-bmo/internal/owner"
)

// finding returns what Doctor says of a thing.
func finding(t *testing.T, c *Client, check string) Finding {
	t.Helper()
	for _, f := range c.Doctor(t.Context()) {
		if f.Check == check {
			assert.Equal(t, f.Advice == "", f.Status == CheckOK, "%+v: whatever is not fine has advice", f)
			return f
		}
	}
	t.Fatalf("nothing is said of %s", check)
	return Finding{}
}

// TestDoctor: each thing that can be wrong is found, with what to do.
func TestDoctor(t *testing.T) {
	state := t.TempDir()
	for _, name := range []string{"HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"} {
		t.Setenv(name, "")
	}
	info := func(change func(*system.Info)) func(*testing.T, *fixture) {
		return func(_ *testing.T, d *fixture) {
			about := enginetest.Modern
			about.Info = change
			d.SetAbout(about)
		}
	}
	driver := func(name string) func(*testing.T, *fixture) {
		return func(_ *testing.T, d *fixture) {
			about := enginetest.Modern
			about.Driver = name
			d.SetAbout(about)
		}
	}
	nothing := func(*testing.T, *fixture) {}
	// Nobody has a route there: these addresses are for examples.
	options := []Option{WithSubnets(netip.MustParsePrefix("198.51.100.0/24"))}
	own := func(pools []system.NetworkAddressPool) func(*testing.T, *fixture) {
		return func(t *testing.T, d *fixture) {
			t.Helper()
			info(func(i *system.Info) { i.DefaultAddressPools = pools })(t, d)
			before := options
			options = []Option{WithSubnets(netip.Prefix{})}
			t.Cleanup(func() { options = before })
		}
	}
	for _, c := range []struct {
		check, status string
		with          func(*testing.T, *fixture)
		detail        string
	}{
		{"engine", CheckOK, nothing, "28.5.2 (API 1.51, linux/amd64) at unix://"},
		{"engine", CheckFailed, func(_ *testing.T, d *fixture) {
			d.SetAbout(enginetest.About{Version: "20.10", APIVersion: "1.41", OSType: "linux"})
		}, "too old"},
		{"place", CheckOK, nothing, "this machine"},
		{"storage", CheckOK, nothing, "overlay2"},
		{"storage", CheckWarning, driver("vfs"), "copies whole filesystems"},
		{"BuildKit", CheckFailed, nothing, "/grpc"}, // the fake has none
		{"memory", CheckOK, nothing, "8GiB, 2 processors"},
		{"memory", CheckWarning, info(func(i *system.Info) { i.MemTotal = 1 << 30 }), "1GiB"},
		{"limits", CheckOK, nothing, "cgroup v2"},
		{"limits", CheckWarning, info(func(i *system.Info) { i.PidsLimit = false }), "cannot limit processes"},
		{"limits", CheckOK, info(func(i *system.Info) { i.SecurityOptions = []string{"name=rootless"} }), "rootless"},
		{"clock", CheckOK, nothing, "differs by"},
		{"clock", CheckWarning, info(func(i *system.Info) { i.SystemTime = time.Now().Add(-time.Hour).Format(time.RFC3339Nano) }), "after this machine's"},
		{"clock", CheckWarning, info(func(i *system.Info) { i.SystemTime = time.Now().Add(time.Hour).Format(time.RFC3339Nano) }), "ahead of this machine's"},
		{"networks", CheckOK, nothing, "0, and addresses for 16 more in 198.51.100.0/24"},
		{"networks", CheckOK, own(nil), "0, and addresses for 31 more in the engine's own pools"},
		{"networks", CheckFailed, own([]system.NetworkAddressPool{{Base: "fd00::/8", Size: 64}}), "0, and addresses for 0 more"},
		{"networks", CheckWarning, own([]system.NetworkAddressPool{{Base: "10.0.0.0/24", Size: 26}}), "0, and addresses for 4 more"},
		{"disk", CheckUnknown, info(func(i *system.Info) { i.DockerRootDir = "/nowhere" }), "does not say"},
		{"leftovers", CheckOK, nothing, "none"},
		{"leftovers", CheckWarning, func(t *testing.T, d *fixture) {
			t.Helper()
			gone := owner.Current()
			gone.Start = "0"
			d.AddInstance(t, "demo-1", d.AddSnapshot("demo", "aa", 1), instancetest.Noon, gone)
		}, "2 containers, 1 networks"},
		{"leftovers", CheckFailed, func(_ *testing.T, d *fixture) { d.Fail("GET", "/volumes", 500, "not now", 9) }, "not now"},
		{"engine's state", CheckFailed, func(_ *testing.T, d *fixture) { d.Fail("GET", "/networks", 500, "not now", 99) }, "not now"},
		{"folders", CheckOK, nothing, state},
		{"proxies", CheckOK, nothing, "none"},
		{"proxies", CheckWarning, func(t *testing.T, _ *fixture) { t.Helper(); t.Setenv("HTTP_PROXY", "http://proxy.test") }, "HTTP_PROXY is set"},
		{"proxies", CheckOK, func(t *testing.T, _ *fixture) {
			t.Helper()
			t.Setenv("HTTP_PROXY", "http://proxy.test")
			t.Setenv("NO_PROXY", "localhost,127.0.0.1")
		}, "not used for 127.0.0.1"},
	} {
		t.Run(c.check+" "+c.detail, func(t *testing.T) {
			d := newFixture(t)
			c.with(t, d)
			before := d.Objects()
			client := d.client(t, append(options, WithStateDir(filepath.Join(state, "state")), WithCacheDir(filepath.Join(state, "cache")))...)
			f := finding(t, client, c.check)
			assert.Equal(t, f.Status, c.status, "%+v", f)
			assert.Assert(t, strings.Contains(f.Detail, c.detail), f.Detail)
			assert.DeepEqual(t, d.Objects(), before)
		})
	}
	d := newFixture(t)
	for want, o := range map[string][]Option{
		"no folder for records and locks: output is not kept":                                                                 {WithCacheDir(state)},
		"no folder for the cache: every file is read again at each build":                                                     {WithStateDir(state)},
		"no folder for records and locks: output is not kept, and none for the cache: every file is read again at each build": nil,
	} {
		f := finding(t, d.client(t, o...), "folders")
		assert.Equal(t, f.Status, CheckWarning)
		assert.Equal(t, f.Detail, want)
	}
	file := filepath.Join(state, "file")
	assert.NilError(t, os.WriteFile(file, nil, 0o600))
	assert.Equal(t, finding(t, d.client(t, WithStateDir(file), WithCacheDir(state)), "folders").Status, CheckWarning)
	assert.Equal(t, finding(t, d.client(t, WithStateDir(state), WithCacheDir(file)), "folders").Status, CheckWarning)
}
