package engine_test

import (
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/engine"
)

func TestCheckPlatform(t *testing.T) {
	for _, c := range []struct {
		arch string
		list []string
		want string
	}{
		{"amd64", nil, ""},
		{"amd64", []string{"linux/amd64"}, ""},
		{"amd64", []string{"linux/x86_64", "linux/amd64, linux/amd64/v1"}, ""},
		{"arm64", []string{"linux/arm64", "linux/aarch64/v8"}, ""},
		{"amd64", []string{"linux/386"}, "platform linux/386 is not the engine's own, linux/amd64: the bootstrap has to run there"},
		{"amd64", []string{"linux/amd64,linux/arm64"}, "platform linux/arm64 is not the engine's own, linux/amd64: the bootstrap has to run there"},
		{"arm64", []string{"linux/arm/v7"}, "platform linux/arm/v7 is not the engine's own, linux/arm64: the bootstrap has to run there"},
		{"amd64", []string{"windows/amd64"}, "platform windows/amd64 is not the engine's own, linux/amd64: the bootstrap has to run there"},
		{"amd64", []string{"a/b/c/d/e"}, `invalid --platform "a/b/c/d/e"`},
	} {
		err := engine.Info{OS: "linux", Arch: c.arch}.CheckPlatform(c.list)
		if c.want == "" {
			assert.NilError(t, err)
		} else {
			assert.Error(t, err, c.want)
		}
	}
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
