package stack

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gotest.tools/v3/assert"
)

// FuzzLoad: whatever a file holds, loading it ends, in an error or in a stack that the rest can rely on.
func FuzzLoad(f *testing.F) {
	f.Add(notes)
	f.Add(small)
	for _, text := range shared {
		f.Add(text)
	}
	files, err := filepath.Glob("testdata/refused/*.yaml")
	assert.NilError(f, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		assert.NilError(f, err)
		f.Add(string(text))
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := loadText(t, text, Options{Environ: []string{"SET=1"}})
		if err != nil {
			assert.Assert(t, s == nil)
			assert.Assert(t, strings.TrimSpace(err.Error()) != "")
			return
		}
		checkInvariants(t, s)
	})
}

func checkInvariants(t *testing.T, s *Stack) {
	t.Helper()
	assert.Assert(t, validName(s.Name))
	seen := map[string]bool{}
	for _, svc := range s.Services {
		assert.Assert(t, validName(svc.Name) && !seen[svc.Name])
		assert.Assert(t, (svc.Build == nil) != (svc.Image == ""))
		assert.Assert(t, svc.StopGracePeriod > 0 && svc.Ready.Timeout >= 0)
		for _, dep := range svc.DependsOn {
			assert.Assert(t, seen[dep], "%s starts before %s", svc.Name, dep)
		}
		seen[svc.Name] = true
	}
	for _, step := range s.Bootstrap {
		assert.Assert(t, seen[step.Service] && len(step.Command) > 0 && step.Timeout >= 0)
	}
	web, ok := s.Service(s.URL.Service)
	assert.Assert(t, ok && web.Ready.HTTP != nil && s.URL.Port > 0)
	_, err := s.URL.Render(Vars{})
	assert.NilError(t, err)
	_, err = s.RenderEnv(Vars{})
	assert.NilError(t, err)
	first, err := s.Canonical()
	assert.NilError(t, err)
	second, err := s.Canonical()
	assert.NilError(t, err)
	assert.Equal(t, string(first), string(second))
}
