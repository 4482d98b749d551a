package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/e2e/harness"
)

// Files outside the Dockerfile's folder could not be added.
func TestContextsOutsideTheDockerfilesFolder(t *testing.T) {
	t.Parallel()
	a := harness.NewMini(t, "outside", nil)
	given := t.TempDir()
	assert.NilError(t, os.WriteFile(filepath.Join(given, "present"), []byte("from elsewhere"), 0o600))

	page := harness.Get(t, a.Run(t).URL)
	assert.Assert(t, strings.Contains(page, "/srv/shared/greeting=greetings"), page)
	assert.Assert(t, !strings.Contains(page, "/srv/optional/"), page)

	page = harness.Get(t, a.Run(t, "--build-context", "optional="+given).URL)
	assert.Assert(t, strings.Contains(page, "/srv/optional/present=from elsewhere"), page)
}
