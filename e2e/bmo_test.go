package e2e

import (
	"net/http"
	"os"
	"strings"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/dockerfiles"
)

// The real one: built and bootstrapped from a source tree, asked by REST, and found again when nothing has changed.
func TestBMO(t *testing.T) {
	source := os.Getenv("BMO_SOURCE")
	if source == "" {
		t.Skip("BMO_SOURCE names no source tree of BMO")
	}
	cpan, err := command("../hack/cpan") // what stands in for CPAN where that cannot be reached
	assert.NilError(t, err)
	flags := append([]string{"--source", source}, lines(cpan)...)
	p := newProxy(t, nil, nil)
	a := newApp(t, dockerfiles.FS, "bmo", "bmo", nil)
	a.cli = p.cli()

	key := a.build(t, flags...)
	p.forget()
	assert.Equal(t, a.build(t, flags...), key)
	assert.DeepEqual(t, p.seen(buildKit), []string{})

	i, other := a.run(t, flags...), a.run(t, flags...)
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
