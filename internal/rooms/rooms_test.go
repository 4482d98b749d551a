// Package rooms holds the rule of which package may import which. A room is a
// folder at the top of the module with everything below it.
package rooms

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"gotest.tools/v3/assert"
)

const module = "github.com/docker-bmo/docker-bmo"

// mayImport says which rooms each room may import. Arrows go downwards only.
// A room that is not here has no place yet: give it one.
var mayImport = map[string][]string{
	"cmd": {
		"bootstrap", "build", "contexts", "dockerfiles", "engine", "instance", "journal", "launch", "probe", "prune",
		"snapshot", "stack", "internal/clidoc", "progress", "internal/version",
	},
	"instance":  {"engine", "journal", "launch", "probe", "snapshot", "stack", "progress"},
	"bootstrap": {"engine", "journal", "launch", "probe", "snapshot", "stack", "progress"},
	// launch is what bootstrap and instance have in common: services started
	// in order, each when those before it are ready.
	"launch":   {"engine", "journal", "probe", "stack", "progress"},
	"build":    {"contexts", "engine", "stack", "progress"},
	"prune":    {"engine", "snapshot"},
	"journal":  {"engine"},
	"snapshot": {"engine"},
	"contexts": {"stack"},

	"dockerfiles": nil,
	"engine":      nil,
	"probe":       nil,
	"stack":       nil,

	"internal/clidoc":  nil,
	"internal/hint":    nil,
	"internal/label":   nil,
	"internal/owner":   {"internal/label"},
	"progress":         nil,
	"internal/rooms":   nil,
	"internal/version": nil,

	"e2e": {"dockerfiles", "stack"},
}

// anyMayImport are the mechanisms that there is one of, for all rooms.
var anyMayImport = []string{"internal/hint", "internal/label", "internal/owner"}

// onlyIn says which room alone may import a module, its tests included. What
// comes from outside and changes its shape stays behind one door.
var onlyIn = map[string]string{
	"github.com/docker/docker":           "engine",
	"github.com/docker/cli":              "cmd",
	"github.com/compose-spec/compose-go": "stack",
}

// pkg is what `go list -json` says of a package.
type pkg struct {
	ImportPath                         string
	Imports, TestImports, XTestImports []string
}

// room returns the room of an import path of ours, "" for any other path.
func room(path string) string {
	rel, ours := strings.CutPrefix(path, module+"/")
	if !ours {
		return ""
	}
	parts := strings.Split(rel, "/")
	if parts[0] == "internal" && len(parts) > 1 {
		return parts[0] + "/" + parts[1]
	}
	return parts[0]
}

// check returns what breaks the rule, sorted. The tests of a room may import
// any room: they are not part of what is built.
func check(pkgs []pkg) (broken []string) {
	for _, p := range pkgs {
		from := room(p.ImportPath)
		allowed, known := mayImport[from]
		if !known {
			broken = append(broken, fmt.Sprintf("%s: %s is no room of the table", p.ImportPath, from))
			continue
		}
		for _, path := range p.Imports {
			if to := room(path); to != "" && to != from && !slices.Contains(allowed, to) && !slices.Contains(anyMayImport, to) {
				broken = append(broken, fmt.Sprintf("%s: %s may not import %s", p.ImportPath, from, to))
			}
		}
		for _, path := range slices.Concat(p.Imports, p.TestImports, p.XTestImports) {
			for mod, only := range onlyIn {
				if only != from && (path == mod || strings.HasPrefix(path, mod+"/")) {
					broken = append(broken, fmt.Sprintf("%s: only %s may import %s", p.ImportPath, only, path))
				}
			}
		}
	}
	slices.Sort(broken)
	return slices.Compact(broken)
}

func TestImports(t *testing.T) {
	broken := check(list(t))
	assert.Equal(t, len(broken), 0, "%s", strings.Join(broken, "\n"))
}

// list returns every package of the module.
func list(t *testing.T) (pkgs []pkg) {
	t.Helper()
	var stderr bytes.Buffer
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports,TestImports,XTestImports", module+"/...")
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	assert.NilError(t, err, "%s", &stderr)
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		err := dec.Decode(&p)
		if errors.Is(err, io.EOF) {
			break
		}
		assert.NilError(t, err)
		pkgs = append(pkgs, p)
	}
	assert.Assert(t, slices.ContainsFunc(pkgs, func(p pkg) bool { return p.ImportPath == module+"/stack" }))
	return pkgs
}

// TestTable sees to it that the arrows of the table go downwards: following
// them, one never comes back.
func TestTable(t *testing.T) {
	var visit func(name string, above []string)
	visit = func(name string, above []string) {
		above = append(slices.Clone(above), name)
		assert.Assert(t, !slices.Contains(above[:len(above)-1], name), "%s", strings.Join(above, " -> "))
		for _, below := range mayImport[name] {
			_, known := mayImport[below]
			assert.Assert(t, known, "%s may import %s, which is no room", name, below)
			visit(below, above)
		}
	}
	for name := range mayImport {
		visit(name, nil)
	}
}

func TestCheck(t *testing.T) {
	for _, c := range []struct {
		name string
		pkg  pkg
		want []string
	}{
		{
			name: "what is allowed",
			pkg: pkg{
				ImportPath: module + "/snapshot",
				Imports:    []string{"fmt", module + "/engine", module + "/snapshot/key", "golang.org/x/sync/errgroup"},
			},
		},
		{
			name: "upwards",
			pkg:  pkg{ImportPath: module + "/engine", Imports: []string{module + "/snapshot"}},
			want: []string{module + "/engine: engine may not import snapshot"},
		},
		{
			name: "sideways from below the room",
			pkg:  pkg{ImportPath: module + "/prune/sub", Imports: []string{module + "/contexts/tree"}},
			want: []string{module + "/prune/sub: prune may not import contexts"},
		},
		{
			name: "a helper imports a room",
			pkg:  pkg{ImportPath: module + "/internal/version", Imports: []string{module + "/engine"}},
			want: []string{module + "/internal/version: internal/version may not import engine"},
		},
		{
			name: "a helper that is not allowed",
			pkg:  pkg{ImportPath: module + "/stack", Imports: []string{module + "/progress"}},
			want: []string{module + "/stack: stack may not import progress"},
		},
		{
			name: "a new room",
			pkg:  pkg{ImportPath: module + "/util/strings"},
			want: []string{module + "/util/strings: util is no room of the table"},
		},
		{
			name: "a new helper",
			pkg:  pkg{ImportPath: module + "/internal/misc"},
			want: []string{module + "/internal/misc: internal/misc is no room of the table"},
		},
		{
			name: "the engine's client",
			pkg:  pkg{ImportPath: module + "/build", Imports: []string{"github.com/docker/docker/client", "github.com/docker/docker-credential-helpers/client"}},
			want: []string{module + "/build: only engine may import github.com/docker/docker/client"},
		},
		{
			name: "the engine's types in a test",
			pkg:  pkg{ImportPath: module + "/instance", TestImports: []string{"github.com/docker/docker/api/types"}},
			want: []string{module + "/instance: only engine may import github.com/docker/docker/api/types"},
		},
		{
			name: "docker's command line",
			pkg:  pkg{ImportPath: module + "/engine", XTestImports: []string{"github.com/docker/cli/cli/command"}},
			want: []string{module + "/engine: only cmd may import github.com/docker/cli/cli/command"},
		},
		{
			name: "a test may import upwards",
			pkg:  pkg{ImportPath: module + "/contexts", TestImports: []string{module + "/dockerfiles"}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			assert.DeepEqual(t, check([]pkg{c.pkg}), c.want)
		})
	}
}
