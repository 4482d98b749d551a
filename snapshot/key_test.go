package snapshot

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/distribution/reference"
	"gotest.tools/v3/assert"
	"gotest.tools/v3/golden"

	"github.com/docker-bmo/docker-bmo/internal/label"
)

// inputs returns inputs with an example of everything.
func inputs() Inputs {
	return Inputs{
		Platform:  "linux/amd64",
		Stack:     json.RawMessage(`{"name":"demo","services":{"db":{},"web":{}}}`),
		Contexts:  map[string]string{"source": "sha256:01", "deps": "sha256:02", "service/web": "sha256:03"},
		Remote:    map[string]string{"debian:trixie": "docker-image://mirror/debian:trixie"},
		BuildArgs: map[string]string{"A": "1", "B": "2"},
	}
}

func bases() map[string]string {
	return map[string]string{"docker.io/library/debian:trixie-slim": "sha256:04", "docker.io/library/mysql:9.7": "sha256:05"}
}

// TestKeyGolden fails when the encoding of a key changes. Then SchemaVersion must change, too, or old snapshots are
// taken for something they are not.
func TestKeyGolden(t *testing.T) {
	golden.Assert(t, fmt.Sprintf("schema %d\nnothing %s\ninputs %s\nkey %s\n",
		SchemaVersion, Inputs{}.Digest(), inputs().Digest(), inputs().Key(bases())), "key.golden")
}

// TestStory12KeyCoversAllInputs: the key changes with every input.
func TestStory12KeyCoversAllInputs(t *testing.T) {
	changes := map[string]func(*Inputs, map[string]string){
		"nothing":             func(*Inputs, map[string]string) {},
		"platform":            func(in *Inputs, _ map[string]string) { in.Platform = "linux/arm64" },
		"stack":               func(in *Inputs, _ map[string]string) { in.Stack = json.RawMessage(`{"name":"other"}`) },
		"context's digest":    func(in *Inputs, _ map[string]string) { in.Contexts["deps"] = "sha256:ff" },
		"context's name":      func(in *Inputs, _ map[string]string) { rename(in.Contexts, "deps", "dep") },
		"context more":        func(in *Inputs, _ map[string]string) { in.Contexts["more"] = "sha256:02" },
		"context less":        func(in *Inputs, _ map[string]string) { delete(in.Contexts, "deps") },
		"contexts swapped":    func(in *Inputs, _ map[string]string) { swap(in.Contexts, "deps", "source") },
		"remote's address":    func(in *Inputs, _ map[string]string) { in.Remote["debian:trixie"] = "docker-image://other" },
		"remote's name":       func(in *Inputs, _ map[string]string) { rename(in.Remote, "debian:trixie", "debian:forky") },
		"remote none":         func(in *Inputs, _ map[string]string) { in.Remote = nil },
		"remote as context":   func(in *Inputs, _ map[string]string) { in.Contexts, in.Remote = in.Remote, in.Contexts },
		"argument's value":    func(in *Inputs, _ map[string]string) { in.BuildArgs["A"] = "2" },
		"argument's name":     func(in *Inputs, _ map[string]string) { rename(in.BuildArgs, "A", "C") },
		"argument empty":      func(in *Inputs, _ map[string]string) { in.BuildArgs["A"] = "" },
		"arguments swapped":   func(in *Inputs, _ map[string]string) { swap(in.BuildArgs, "A", "B") },
		"arguments none":      func(in *Inputs, _ map[string]string) { in.BuildArgs = nil },
		"value with a quote":  func(in *Inputs, _ map[string]string) { in.BuildArgs = map[string]string{"A": `1","B":"2`} },
		"base's identity":     func(_ *Inputs, b map[string]string) { b["docker.io/library/mysql:9.7"] = "sha256:06" },
		"base's name":         func(_ *Inputs, b map[string]string) { rename(b, "docker.io/library/mysql:9.7", "mysql:8") },
		"base less":           func(_ *Inputs, b map[string]string) { delete(b, "docker.io/library/mysql:9.7") },
		"bases none":          func(_ *Inputs, b map[string]string) { clear(b) },
		"argument for a base": func(in *Inputs, b map[string]string) { in.BuildArgs = b },
	}
	seen := map[string]string{}
	for name, change := range changes {
		in, b := inputs(), bases()
		change(&in, b)
		key := in.Key(b)
		assert.Assert(t, seen[key] == "", "%s gives the same key as %s", name, seen[key])
		seen[key] = name
		assert.Equal(t, len(key), 64)
	}
}

func rename(m map[string]string, old, name string) {
	m[name] = m[old]
	delete(m, old)
}

func swap(m map[string]string, a, b string) { m[a], m[b] = m[b], m[a] }

// TestKeyIgnoresOrder: maps have no order, and white space in the stack's JSON is not an input.
func TestKeyIgnoresOrder(t *testing.T) {
	want := inputs().Key(bases())
	for range 20 {
		in := inputs()
		in.Contexts, in.BuildArgs = maps.Clone(in.Contexts), maps.Clone(in.BuildArgs)
		in.Stack = json.RawMessage(strings.ReplaceAll(string(in.Stack), ",", ",\n  "))
		assert.Equal(t, in.Key(maps.Clone(bases())), want)
	}
}

// TestBasesAreNoInputs: the digest of the inputs can be computed without resolving base images.
func TestBasesAreNoInputs(t *testing.T) {
	a, b := inputs().Key(bases()), inputs().Key(nil)
	assert.Assert(t, a != b)
	assert.Assert(t, inputs().Digest() != a && inputs().Digest() != b)
}

func TestTag(t *testing.T) {
	key := fmt.Sprintf("%064x", 0xabc)
	tag := Tag("demo", "web", key)
	assert.Equal(t, tag, "docker-bmo/demo-web:000000000000")
	assert.Equal(t, Short("0123456789abcdef"), "0123456789ab")
	assert.Equal(t, Short("0123"), "0123")
	assert.Assert(t, OwnTag(tag))
	for _, other := range []string{"", "docker-bmo", "docker-bmotor/x:1", "mine/docker-bmo/x:1", "<none>:<none>"} {
		assert.Assert(t, !OwnTag(other), other)
	}
}

// TestTagOfNamesThatImagesCannotHave: Compose allows more in the name of a service than docker in that of an image.
func TestTagOfNamesThatImagesCannotHave(t *testing.T) {
	seen := map[string]bool{}
	for _, service := range []string{"web", "bmo.db", "Web", "WEB", "web_", "a..b", "_", "x___y", label.Volume("uploads")} {
		tag := Tag("shop", service, strings.Repeat("a", 64))
		_, err := reference.ParseNormalizedNamed(tag)
		assert.NilError(t, err, tag)
		assert.Assert(t, OwnTag(tag) && !seen[tag], tag)
		seen[tag] = true
	}
	assert.Equal(t, Tag("shop", "bmo.db", strings.Repeat("a", 64)), "docker-bmo/shop-bmo.db:aaaaaaaaaaaa")
	assert.Equal(t, Tag("shop", label.Volume("uploads"), strings.Repeat("a", 64)), "docker-bmo/shop-volume.uploads:aaaaaaaaaaaa")
}
