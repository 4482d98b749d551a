package stack

import (
	"os"
	"path/filepath"
	"testing"

	"gotest.tools/v3/assert"
)

// A file is called by the path that it was given by, and Compose's own words for it do not stay.
func TestProblemsOfAFileElsewhere(t *testing.T) {
	for text, want := range map[string]string{
		"name: x\nservices: {web: {imag: y}}\n": ":2:18: services.web.imag: unknown key\nhint: did you mean \"image\"?",
		"services: [web\n":                      ": yaml: while parsing a flow sequence at <unknown position>: line 1: did not find expected ',' or ']'",
	} {
		file := filepath.Join(t.TempDir(), "stack.yaml")
		assert.NilError(t, os.WriteFile(file, []byte(text), 0o600))
		_, err := Load(t.Context(), []string{file}, Options{})
		assert.Error(t, err, file+want)
	}
}
