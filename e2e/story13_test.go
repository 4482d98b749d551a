package e2e

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gotest.tools/v3/assert"
)

// Files outside the Dockerfile's folder could not be added.
func TestStory13ContextsOutsideTheDockerfilesFolder(t *testing.T) {
	t.Parallel()
	a := newMini(t, "outside", nil)
	given := t.TempDir()
	assert.NilError(t, os.WriteFile(filepath.Join(given, "present"), []byte("from elsewhere"), 0o600))

	page := get(t, a.run(t).URL)
	assert.Assert(t, strings.Contains(page, "/srv/shared/greeting=greetings"), page)
	assert.Assert(t, !strings.Contains(page, "/srv/optional/"), page)

	page = get(t, a.run(t, "--build-context", "optional="+given).URL)
	assert.Assert(t, strings.Contains(page, "/srv/optional/present=from elsewhere"), page)
}

// get returns what the mini application answers.
func get(t testing.TB, url string) string {
	t.Helper()
	res, err := browser.Get(url)
	assert.NilError(t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	assert.NilError(t, err)
	assert.Equal(t, res.StatusCode, http.StatusOK)
	return string(body)
}
