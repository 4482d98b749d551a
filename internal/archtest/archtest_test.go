// Package archtest holds the table of packages in docs/architecture.md to the code: which folder may import which.
package archtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gotest.tools/v3/assert"
)

const module = "github.com/docker-bmo/docker-bmo"

// onlyIn says which folders alone may import a module, their tests included: what comes from outside and changes its
// shape stays in one place.
var onlyIn = map[string][]string{
	"github.com/docker/docker":           {"engine", "bmo"}, // bmo: in an example
	"github.com/docker/cli":              {"cmd/docker-bmo", "bmo", "bmotest"},
	"github.com/compose-spec/compose-go": {"stack"},
	"k8s.io":                             {"kube"},
}

// outside are folders that no table is needed for: tests, benchmarks and what only they use.
var outside = []string{"bench", "e2e", "internal/archtest"}

// pkg is what `go list -json` says of a package.
type pkg struct {
	ImportPath                         string
	Imports, TestImports, XTestImports []string
}

// folder returns the folder of the table that an import path of ours belongs to, "" for any other path.
func folder(path string) string {
	rel, ours := strings.CutPrefix(path, module+"/")
	if !ours {
		return ""
	}
	parts := strings.Split(rel, "/")
	if (parts[0] == "internal" || parts[0] == "cmd") && len(parts) > 1 {
		return parts[0] + "/" + parts[1]
	}
	return parts[0]
}

// imports are the folders that each folder imports. Packages for tests alone (enginetest, probetest) do not count.
func imports(pkgs []pkg) map[string][]string {
	found := map[string][]string{}
	for _, p := range pkgs {
		from := folder(p.ImportPath)
		if slices.Contains(outside, from) || strings.HasSuffix(p.ImportPath, "test") && p.ImportPath != module+"/"+from {
			continue
		}
		list := found[from]
		for _, path := range p.Imports {
			if to := folder(path); to != "" && to != from {
				list = append(list, to)
			}
		}
		slices.Sort(list)
		found[from] = slices.Compact(list)
	}
	return found
}

// strangers returns the imports that break onlyIn, sorted.
func strangers(pkgs []pkg) (broken []string) {
	for _, p := range pkgs {
		for _, path := range slices.Concat(p.Imports, p.TestImports, p.XTestImports) {
			for mod, only := range onlyIn {
				if (path == mod || strings.HasPrefix(path, mod+"/")) && !slices.Contains(only, folder(p.ImportPath)) {
					broken = append(broken, fmt.Sprintf("%s: only %s may import %s", p.ImportPath, strings.Join(only, ", "), path))
				}
			}
		}
	}
	slices.Sort(broken)
	return slices.Compact(broken)
}

var code = regexp.MustCompile("`([^`]+)`")

// table reads the folders and what they import from the table of docs/architecture.md.
func table(text string) map[string][]string {
	rows := map[string][]string{}
	for line := range strings.Lines(text) {
		cells := strings.Split(line, "|")
		if len(cells) != 5 {
			continue
		}
		var list []string
		for _, m := range code.FindAllStringSubmatch(cells[3], -1) {
			list = append(list, m[1])
		}
		for _, m := range code.FindAllStringSubmatch(cells[1], -1) {
			rows[m[1]] = slices.Sorted(slices.Values(list))
		}
	}
	return rows
}

// TestTableIsTrue: the table of docs/architecture.md says what the code does, nothing more and nothing less.
func TestTableIsTrue(t *testing.T) {
	text, err := os.ReadFile("../../docs/architecture.md")
	assert.NilError(t, err)
	documented, found := table(string(text)), imports(list(t))
	for _, name := range slices.Sorted(maps.Keys(found)) {
		t.Logf("%-16s %s", name, strings.Join(found[name], " "))
		assert.Check(t, slices.Equal(documented[name], found[name]), "%s\n  is documented to import %v\n  and imports %v", name, documented[name], found[name])
		delete(documented, name)
	}
	assert.Check(t, len(documented) == 0, "documented, and not there: %v", documented)
}

// TestArrowsGoDown: following imports, one never comes back.
func TestArrowsGoDown(t *testing.T) {
	found := imports(list(t))
	var visit func(name string, above []string)
	visit = func(name string, above []string) {
		above = append(slices.Clone(above), name)
		assert.Assert(t, !slices.Contains(above[:len(above)-1], name), "%s", strings.Join(above, " -> "))
		for _, below := range found[name] {
			visit(below, above)
		}
	}
	for name := range found {
		visit(name, nil)
	}
}

// TestCommandsKnowTheLibraryOnly: the command line is flags and text; all else is in packages that others can import.
func TestCommandsKnowTheLibraryOnly(t *testing.T) {
	found := imports(list(t))
	for name, allowed := range map[string][]string{
		"cmd/docker-bmo": {"bmo", "stack", "progress"}, "bmotest": {"bmo", "stack", "progress"},
	} {
		for _, to := range found[name] {
			assert.Check(t, slices.Contains(allowed, to) || strings.HasPrefix(to, "internal/"), "%s imports %s", name, to)
		}
	}
}

func TestStrangersStayOut(t *testing.T) {
	broken := strangers(list(t))
	assert.Equal(t, len(broken), 0, "%s", strings.Join(broken, "\n"))
}

func TestStrangers(t *testing.T) {
	assert.DeepEqual(t, strangers([]pkg{
		{ImportPath: module + "/build", Imports: []string{"github.com/docker/docker/client", "github.com/docker/docker-credential-helpers/client"}},
		{ImportPath: module + "/instance", TestImports: []string{"github.com/docker/docker/api/types"}},
		{ImportPath: module + "/engine", XTestImports: []string{"github.com/docker/cli/cli/command"}, Imports: []string{"github.com/docker/docker/client"}},
	}), []string{
		module + "/build: only engine, bmo may import github.com/docker/docker/client",
		module + "/engine: only cmd/docker-bmo, bmo, bmotest may import github.com/docker/cli/cli/command",
		module + "/instance: only engine, bmo may import github.com/docker/docker/api/types",
	})
}

func TestImportsOfFolders(t *testing.T) {
	assert.DeepEqual(t, imports([]pkg{
		{ImportPath: module + "/engine", Imports: []string{"fmt", module + "/internal/hint"}, TestImports: []string{module + "/engine/enginetest"}},
		{ImportPath: module + "/engine/enginetest", Imports: []string{module + "/snapshot"}},
		{ImportPath: module + "/prune/sub", Imports: []string{module + "/contexts/tree", module + "/engine"}},
		{ImportPath: module + "/e2e", Imports: []string{module + "/bmo"}},
	}), map[string][]string{"engine": {"internal/hint"}, "prune": {"contexts", "engine"}})
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
