//go:build bmo && linux

package e2e

import (
	"net/http"
	"os"
	"strings"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/dockerfiles"
)

// newBMO is the built-in stack of the real one, from the source tree that BMO_SOURCE names.
func newBMO(t testing.TB, suffix string) *app {
	t.Helper()
	source := os.Getenv("BMO_SOURCE")
	assert.Assert(t, source != "", "BMO_SOURCE names no source tree of BMO")
	cpan, err := command("../hack/cpan") // what stands in for CPAN where that cannot be reached
	assert.NilError(t, err)
	a := newApp(t, dockerfiles.FS, "bmo", suffix, nil)
	a.flags = append([]string{"--source", source}, lines(cpan)...)
	return a
}

// The real one: built and bootstrapped from a source tree, asked by REST, and found again when nothing has changed.
func TestBMO(t *testing.T) {
	p := newProxy(t, nil, nil)
	a := newBMO(t, "bmo")
	a.cli = p.cli()

	key := a.build(t)
	p.forget()
	assert.Equal(t, a.build(t), key)
	assert.DeepEqual(t, p.seen(buildKit), []string{})

	i, other := a.run(t), a.run(t)
	b := i.tracker()
	b.answers(t)
	id := b.create(t, "TestProduct", "TestComponent", "made by the end-to-end test")
	assert.Equal(t, b.summary(t, id), "made by the end-to-end test")
	assert.Equal(t, other.tracker().summary(t, id), "")

	// Its pages stay at the instance's address.
	code, page := tracker{url: i.URL}.request(t, http.MethodGet, "/login", nil, nil)
	assert.Equal(t, code, http.StatusOK, "the login page leads away from the instance's address")
	assert.Assert(t, strings.Contains(page, "Bugzilla_login"))
}

// The whole main path of the real one, on an engine of which nothing but its API can be reached.
func TestBMOOverSSH(t *testing.T) {
	m, _, c := overSSH(t)
	a := newBMO(t, "bmo-ssh")
	a.cli = c
	mainPath(t, a, m, sshHint)
}
