package harness

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"gotest.tools/v3/assert"
)

// Status is a line of `--progress rawjson`.
type Status struct {
	Vertexes []Vertex
	Logs     []struct {
		Vertex string
		Data   []byte
	}
}

// Vertex is one step of a build or bootstrap.
type Vertex struct {
	Digest, Name, Error string
	Cached              bool
	Started, Completed  *time.Time
}

// ParseProgress reads what `--progress rawjson` printed.
func ParseProgress(t testing.TB, stderr string) []Status {
	t.Helper()
	var list []Status
	for _, l := range Lines(stderr) {
		if strings.HasPrefix(l, "{") {
			var s Status
			assert.NilError(t, json.Unmarshal([]byte(l), &s), "%s", l)
			list = append(list, s)
		}
	}
	assert.Assert(t, len(list) > 0, "no progress in:\n%s", stderr)
	return list
}

// Step returns how the one step ended whose name contains text.
func Step(t testing.TB, progress []Status, text string) Vertex {
	t.Helper()
	found := map[string]Vertex{}
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

// Log is what the step whose name contains text printed.
func Log(t testing.TB, progress []Status, text string) string {
	t.Helper()
	v := Step(t, progress, text)
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
