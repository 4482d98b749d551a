package attest

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/internal/version"
)

// tree is an image's files.
type tree fstest.MapFS

func (t tree) ReadFile(_ context.Context, name string) ([]byte, error) {
	return fs.ReadFile(fstest.MapFS(t), strings.TrimPrefix(name, "/"))
}

func (t tree) ReadDir(_ context.Context, name string) (names []string, err error) {
	if name = strings.TrimPrefix(name, "/"); name == "" {
		name = "."
	}
	list, err := fs.ReadDir(fstest.MapFS(t), name)
	for _, f := range list {
		names = append(names, f.Name())
	}
	return names, err
}

func treeOf(files map[string]string) tree {
	t := tree{}
	for name, text := range files {
		t[strings.TrimPrefix(name, "/")] = &fstest.MapFile{Data: []byte(text)}
	}
	return t
}

// TestSBOM: the packages of every kind that is looked for, each once, and where was looked.
func TestSBOM(t *testing.T) {
	before := version.Version
	version.Version = "1.0.0"
	defer func() { version.Version = before }()
	files := treeOf(map[string]string{
		"/usr/lib/os-release": "NAME=\"Debian\"\nID=debian\nVERSION_ID=\"13\"\n",
		"/var/lib/dpkg/status": "Package: zlib1g\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1:1.3+dfsg-1\nDescription: x\n Version: 7\n\n" +
			"Package: gone\nStatus: deinstall ok config-files\nVersion: 1\n\nPackage: kept\nStatus: hold ok installed\nVersion: 2\n",
		"/var/lib/dpkg/status.d/base":                                                     "Package: base-files\nVersion: 13\nArchitecture: amd64\n",
		"/lib/apk/db/installed":                                                           "C:Q1\nP:musl\nV:1.2.5-r9\nA:x86_64\n\nP:busybox\nV:1.37\nA:x86_64\n",
		"/usr/lib/apk/db/installed":                                                       "P:musl\nV:1.2.5-r9\nA:x86_64\n",
		"/app/package.json":                                                               `{"name": "ours", "version": "0"}`,
		"/app/node_modules/left-pad/package.json":                                         `{"name": "left-pad", "version": "1.3.0"}`,
		"/app/node_modules/@types/node/package.json":                                      `{"name": "@types/node", "version": "20.1.0"}`,
		"/app/node_modules/broken/package.json":                                           `{`,
		"/usr/lib/python3/dist-packages/Foo_Bar-1.2.dist-info/METADATA":                   "x",
		"/usr/local/lib/python3.13/site-packages/old-3.4-py3.13.egg-info/PKG-INFO":        "x",
		"/usr/local/bundle/specifications/nokogiri-1.18.0-x86_64-linux.gemspec":           "x",
		"/app/local/lib/perl5/x86_64-linux/.meta/DBD-mysql-5.012/install.json":            "{}",
		"/usr/local/lib/x86_64-linux-gnu/perl/5.40.1/.meta/Mojolicious-v9.40/MYMETA.json": "{}",
	})
	got, err := SBOM(t.Context(), SBOMRequest{
		Files: files, WorkingDir: "/app", Image: "registry.example/team/shop:web", Digest: "sha256:aa", Created: time.Date(2026, 2, 28, 12, 0, 0, 1, time.UTC),
	})
	assert.NilError(t, err)
	checkGolden(t, "sbom", got)

	none, err := SBOM(t.Context(), SBOMRequest{Files: treeOf(nil), WorkingDir: "/", Image: "empty", Digest: "sha256:bb"})
	assert.NilError(t, err)
	text, err := json.Marshal(none)
	assert.NilError(t, err)
	assert.Assert(t, strings.Contains(string(text), "Found packages of: nothing"), string(text))
}

// broken are files that cannot be read.
type broken struct{}

var errBroken = errors.New("the engine is gone")

func (broken) ReadFile(context.Context, string) ([]byte, error)  { return nil, errBroken }
func (broken) ReadDir(context.Context, string) ([]string, error) { return nil, errBroken }

// unreadable are files of which some cannot be read.
type unreadable struct{ tree }

func (unreadable) ReadFile(_ context.Context, name string) ([]byte, error) {
	if strings.HasSuffix(name, "status") {
		return nil, errBroken
	}
	return nil, fs.ErrNotExist
}

// TestSBOMIsWholeOrNone: what cannot be read is an error, and not a document without it.
func TestSBOMIsWholeOrNone(t *testing.T) {
	_, err := SBOM(t.Context(), SBOMRequest{Files: broken{}})
	assert.ErrorIs(t, err, errBroken)
	_, err = SBOM(t.Context(), SBOMRequest{Files: unreadable{treeOf(map[string]string{"/var/lib/dpkg/status": ""})}})
	assert.ErrorIs(t, err, errBroken)
}

// TestNames: versions begin with a digit, or with v and one.
func TestNames(t *testing.T) {
	for text, want := range map[string]string{
		"DBD-mysql-5.012": "DBD-mysql 5.012", "Mojolicious-v9.40": "Mojolicious v9.40", "a-1-x86-64": "a 1-x86-64", "none": "", "-1": "", "a-": "", "CGI-4-5": "CGI 4-5",
	} {
		got := ""
		for _, f := range lastDash(text) {
			got = f.name + " " + f.version
		}
		assert.Equal(t, got, want, text)
	}
}
