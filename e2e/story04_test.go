package e2e

import (
	"strings"
	"testing"

	"gotest.tools/v3/assert"
)

// One changed line installed all packages again.
func TestStory04ChangedFileInstallsNothing(t *testing.T) {
	t.Parallel()
	demo(t) // has the packages installed, under whatever name
	a := newDemo(t, "changed", nil)
	a.write(t, "app/public/demo.css", a.read(t, "app/public/demo.css")+"\n/* changed by "+suite.id+" */\n")

	progress := parseProgress(t, a.do(t, "build", "--progress", "rawjson").ok(t).stderr)
	assert.Assert(t, step(t, progress, "apt-get install").Cached, "packages were installed again")
	assert.Assert(t, step(t, progress, "init.sh").Cached, "the database was made again")
	assert.Assert(t, !step(t, progress, "COPY --from=app").Cached, "the changed file was not copied")
	assert.Assert(t, !step(t, progress, "bootstrap 1/1").Cached)

	i := a.run(t)
	_, css := i.tracker().request(t, "GET", "/demo.css", nil, nil)
	assert.Assert(t, strings.Contains(css, suite.id), "the instance serves the old file")
}
