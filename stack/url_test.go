package stack

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"gotest.tools/v3/assert"
)

func TestIsURL(t *testing.T) {
	for text, want := range map[string]bool{
		"https://host/owner/repo.git#main:folder": true,
		"ssh://git@host/repo.git":                 true,
		"file:///srv/repo.git":                    true,
		"docker-image://debian":                   true,
		"oci-layout://dir@sha256:0123":            true,
		"git@github.com:owner/repo.git":           true,
		"deploy_1@host.example:repo.git#main":     true,
		"github.com/owner/repo":                   true,
		"github.com/owner/repo.git#main":          true,

		"":                    false,
		".":                   false,
		"assets":              false,
		"../assets":           false,
		"/srv/assets":         false,
		`C:\assets`:           false,
		"service:db":          false,
		"me@home":             false,
		"a folder/me@home:1":  false,
		"./github.com/owner":  false,
		"../github.com/owner": false,
		"/github.com/owner":   false,
		"github.com":          false,
		"my-github.com/owner": false,
		"gitlab.com/x/y":      false,
	} {
		assert.Equal(t, IsURL(text), want, text)
	}
}

// TestURLsStayInTheDocument: what a file says with a URL, `config` says with the same one, also about a folder of that
// name next to the file.
func TestURLsStayInTheDocument(t *testing.T) {
	dir := t.TempDir()
	assert.NilError(t, os.MkdirAll(filepath.Join(dir, "github.com/owner/repo"), 0o755))
	for written, want := range map[string]string{
		"github.com/owner/repo":         "github.com/owner/repo",
		"deploy@host:owner/repo.git#v1": "deploy@host:owner/repo.git#v1",
		"https://host/repo.git":         "https://host/repo.git",
		"./github.com/owner/repo":       filepath.ToSlash(filepath.Join(dir, "github.com/owner/repo")),
	} {
		file := filepath.Join(dir, "compose.yaml")
		assert.NilError(t, os.WriteFile(file, []byte(`
name: small
services:
  web:
    build: {context: "`+written+`", additional_contexts: {more: "`+written+`"}}
    x-bmo: {ready: {http: {port: 80}}}
x-bmo:
  url: {service: web, port: 80}
`), 0o600))
		s, err := Load(context.Background(), []string{file}, Options{})
		assert.NilError(t, err)
		text, err := s.YAML()
		assert.NilError(t, err)

		moved := filepath.Join(t.TempDir(), "compose.yaml")
		assert.NilError(t, os.WriteFile(moved, text, 0o600))
		again, err := Load(context.Background(), []string{moved}, Options{})
		assert.NilError(t, err)
		assert.Equal(t, again.Services[0].Build.Context, want)
		assert.Equal(t, again.Services[0].Build.AdditionalContexts["more"], want)
	}
}
