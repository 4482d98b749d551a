//go:build bmo && linux

package e2e

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
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

// BMO's own REST tests, against one instance by one prove and file by file against two: they are the same. How long each takes
// is in the log.
func TestBMORestSuite(t *testing.T) {
	a := newBMO(t, "bmo-rest")
	a.CLI.Patience = 15 * time.Minute // most of it is the installation of packages, unless they are there
	a.Build(t)
	const suite = "sh /opt/docker-bmo/rest-suite.sh"
	began := time.Now()
	one := a.Do(t, "run", "--", "sh", "-c", "docker exec docker-bmo-$BMO_INSTANCE-web "+suite).OK(t)
	alone := time.Since(began)

	files, err := filepath.Glob(filepath.Join(os.Getenv("BMO_SOURCE"), "qa/t/rest_*.t"))
	assert.NilError(t, err)
	list, err := os.Create(filepath.Join(t.TempDir(), "list"))
	assert.NilError(t, err)
	defer list.Close()
	for _, f := range files {
		_, err = fmt.Fprintln(list, filepath.Base(f))
		assert.NilError(t, err)
	}
	_, err = list.Seek(0, io.SeekStart)
	assert.NilError(t, err)
	a.CLI.Stdin = list
	began = time.Now()
	words := append([]string{"-n", "2", "-v", "--", "docker", "exec", "docker-bmo-{instance}-web"}, strings.Fields(suite)...)
	two := a.Do(t, "test", words...).OK(t)
	split := time.Since(began)

	assert.Equal(t, testsOf(t, two.Stdout), testsOf(t, one.Stdout))
	assert.Equal(t, strings.Count(two.Stdout, "--- ok rest_"), len(files))
	t.Logf("%d tests in %d files: %s against one instance, %s against two: %.2f of it", testsOf(t, one.Stdout), len(files),
		alone.Round(time.Second), split.Round(time.Second), split.Seconds()/alone.Seconds())
}

// testsOf adds up how many tests prove has run.
func testsOf(t testing.TB, text string) (n int) {
	t.Helper()
	for _, m := range regexp.MustCompile(`(?m)^Files=\d+, Tests=(\d+),`).FindAllStringSubmatch(text, -1) {
		tests, err := strconv.Atoi(m[1])
		assert.NilError(t, err)
		n += tests
	}
	return n
}

// The whole main path of the real one, on an engine of which nothing but its API can be reached.
func TestBMOOverSSH(t *testing.T) {
	m, _, c := overSSH(t)
	a := newBMO(t, "bmo-ssh")
	a.CLI = c
	a.CLI.Patience = 15 * time.Minute // most of it is the installation of packages
	mainPath(t, a, m, sshHint)
}
