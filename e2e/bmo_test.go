//go:build bmo && linux

package e2e

import (
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/dockerfiles"
	"github.com/docker-bmo/docker-bmo/e2e/harness"
)

// newBMO is the built-in stack of the real one, from the source tree that BMO_SOURCE names.
func newBMO(t testing.TB, suffix string) *harness.App {
	t.Helper()
	source := os.Getenv("BMO_SOURCE")
	assert.Assert(t, source != "", "BMO_SOURCE names no source tree of BMO")
	cpan, err := harness.Command("../hack/cpan") // what stands in for CPAN where that cannot be reached
	assert.NilError(t, err)
	a := harness.NewApp(t, dockerfiles.FS, "bmo", suffix, nil)
	a.Flags = append([]string{"--source", source}, harness.Lines(cpan)...)
	return a
}

// The real one: built and bootstrapped from a source tree, asked by REST, and found again when nothing has changed.
func TestBMO(t *testing.T) {
	p := harness.NewProxy(t, nil, nil)
	a := newBMO(t, "bmo")
	a.CLI = p.CLI()
	a.CLI.Patience = 15 * time.Minute // most of it is the installation of packages

	key := a.Build(t)
	p.Forget()
	assert.Equal(t, a.Build(t), key)
	assert.DeepEqual(t, p.Seen(buildKit), []string{})

	i, other := a.Run(t), a.Run(t)
	b := i.Tracker()
	b.Answers(t)
	id := b.Create(t, "TestProduct", "TestComponent", "made by the end-to-end test")
	assert.Equal(t, b.Summary(t, id), "made by the end-to-end test")
	assert.Equal(t, other.Tracker().Summary(t, id), "")

	// Its pages stay at the instance's address.
	code, page := harness.Tracker{URL: i.URL}.Request(t, http.MethodGet, "/login", nil, nil)
	assert.Equal(t, code, http.StatusOK, "the login page leads away from the instance's address")
	assert.Assert(t, strings.Contains(page, "Bugzilla_login"))
}

// The whole main path of the real one, on an engine of which nothing but its API can be reached.
func TestBMOOverSSH(t *testing.T) {
	m, _, c := overSSH(t)
	a := newBMO(t, "bmo-ssh")
	a.CLI = c
	a.CLI.Patience = 15 * time.Minute // most of it is the installation of packages
	mainPath(t, a, m, sshHint)
}
