package e2e

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"gotest.tools/v3/assert"
)

// status is a line of `--progress rawjson`.
type status struct {
	Vertexes []vertex
	Logs     []struct {
		Vertex string
		Data   []byte
	}
}

// vertex is one step of a build or bootstrap.
type vertex struct {
	Digest, Name, Error string
	Cached              bool
	Started, Completed  *time.Time
}

func parseProgress(t testing.TB, stderr string) []status {
	t.Helper()
	var list []status
	for _, l := range lines(stderr) {
		if strings.HasPrefix(l, "{") {
			var s status
			assert.NilError(t, json.Unmarshal([]byte(l), &s), "%s", l)
			list = append(list, s)
		}
	}
	assert.Assert(t, len(list) > 0, "no progress in:\n%s", stderr)
	return list
}

// step returns how the one step ended whose name contains text.
func step(t testing.TB, progress []status, text string) vertex {
	t.Helper()
	found := map[string]vertex{}
	for _, s := range progress {
		for _, v := range s.Vertexes {
			if strings.Contains(v.Name, text) && v.Completed != nil {
				found[v.Digest] = v
			}
		}
	}
	assert.Equal(t, len(found), 1, "steps with %q in their name: %v", text, found)
	for _, v := range found {
		return v
	}
	panic("unreachable")
}

// log is what the step whose name contains text printed.
func log(t testing.TB, progress []status, text string) string {
	t.Helper()
	v := step(t, progress, text)
	var b strings.Builder
	for _, s := range progress {
		for _, l := range s.Logs {
			if l.Vertex == v.Digest {
				b.Write(l.Data)
			}
		}
	}
	return b.String()
}
