package engine_test

import (
	"strings"
	"testing"
	"time"

	"gotest.tools/v3/assert"
	is "gotest.tools/v3/assert/cmp"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/internal/hint"
)

func TestParsePlatform(t *testing.T) {
	for _, c := range []struct{ arch, word, want, err string }{
		{"amd64", "", "linux/amd64", ""},
		{"amd64", "linux/amd64", "linux/amd64", ""},
		{"amd64", "linux/x86_64,linux/amd64, linux/amd64/v1", "linux/amd64", ""},
		{"arm64", "linux/aarch64/v8", "linux/arm64", ""},
		{"amd64", "linux/aarch64", "linux/arm64", ""},
		{"amd64", "linux/386", "linux/386", ""},
		{"arm64", "linux/arm", "linux/arm/v7", ""},
		{"amd64", "linux/amd64,linux/arm64", "", "a snapshot is for one platform, not for linux/amd64 and linux/arm64"},
		{"amd64", "windows/amd64", "", "platform windows/amd64: linux containers are needed"},
		{"amd64", "a/b/c/d/e", "", `invalid platform "a/b/c/d/e"`},
	} {
		got, err := engine.Info{OS: "linux", Arch: c.arch}.ParsePlatform(c.word)
		assert.Equal(t, got, c.want, c.word)
		if c.err == "" {
			assert.NilError(t, err)
		} else {
			assert.Error(t, err, c.err)
		}
	}
}

func TestRunsPlatform(t *testing.T) {
	info := engine.Info{OS: "linux", Arch: "amd64"}
	assert.NilError(t, engine.Runs(info, "linux/arm64", []string{"linux/amd64", "linux/arm64"}))
	err := engine.Runs(info, "linux/arm64", []string{"linux/amd64", "linux/386"})
	assert.Error(t, err, "platform linux/arm64 is not the engine's own, linux/amd64, and its machine has no emulator for it (exec format error)")
	assert.Assert(t, is.Contains(strings.Join(hint.All(err), ""), "have an emulator registered"))
	// Nobody is asked about the engine's own.
	assert.NilError(t, (&engine.Engine{}).RunsPlatform(t.Context(), info, "linux/amd64"))
}

func TestParseTime(t *testing.T) {
	now := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	for value, want := range map[string]time.Time{
		"12h": now.Add(-12 * time.Hour), "90s": now.Add(-90 * time.Second), "2026-03-01": now.AddDate(0, 0, -3).Add(-12 * time.Hour),
		"2026-03-04T11:00:00Z": now.Add(-time.Hour), "2026-03-04T13:00:00+02:00": now.Add(-time.Hour), "1772625600": now,
	} {
		got, err := engine.ParseTime(value, now)
		assert.NilError(t, err, value)
		assert.Assert(t, got.Equal(want), "%s: %s", value, got)
	}
	_, err := engine.ParseTime("yesterday", now)
	assert.Error(t, err, `"yesterday" is no time`)
}
