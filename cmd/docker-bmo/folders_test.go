package main

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"gotest.tools/v3/assert"
)

// TestR8Folders: without a home there is no folder in one that is shared, and a relative name is no name.
func TestR8Folders(t *testing.T) {
	home := t.TempDir()
	for _, c := range []struct{ home, cache, state, wantCache, wantState string }{
		{home, "", "", home + "/.cache/docker-bmo", home + "/.local/state/docker-bmo"},
		{home, "/c", "/s", "/c/docker-bmo", "/s/docker-bmo"},
		{home, "c", "./s", home + "/.cache/docker-bmo", home + "/.local/state/docker-bmo"},
		{"", "", "", "", ""},
		{"", "c", "s", "", ""},
		{"relative", "", "", "", ""},
	} {
		t.Setenv("HOME", c.home)
		t.Setenv("XDG_CACHE_HOME", c.cache)
		t.Setenv("XDG_STATE_HOME", c.state)
		if runtime.GOOS == "linux" {
			assert.Equal(t, cacheDir(), c.wantCache, "%+v", c)
		}
		assert.Equal(t, stateDir(), c.wantState, "%+v", c)
	}
}

// TestR8LinkIsNotFollowed: a link in place of the folder leads to what somebody else has chosen.
func TestR8LinkIsNotFollowed(t *testing.T) {
	base := t.TempDir()
	assert.NilError(t, os.Mkdir(filepath.Join(base, "victim"), 0o700))
	link := filepath.Join(base, "link")
	assert.NilError(t, os.Symlink(filepath.Join(base, "victim"), link))
	var out bytes.Buffer
	assert.Equal(t, checkedDir(&out, link), "")
	assert.Assert(t, strings.HasPrefix(out.String(), "warning: the folder is not used: "+link+" is a link\nhint: "), out.String())
	out.Reset()
	fine := filepath.Join(base, "fine")
	assert.Equal(t, checkedDir(&out, fine), fine)
	assert.Equal(t, checkedDir(&out, ""), "")
	assert.Equal(t, out.String(), "")
}
