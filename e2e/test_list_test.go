package e2e

import (
	"cmp"
	"encoding/xml"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/e2e/harness"
)

// pytestFile files a bug, and finds no more than that one if its instance has one test at a time.
const pytestFile = `import json, os, urllib.request

def call(path, body=None):
    r = urllib.request.Request(os.environ["BMO_URL"] + "/rest/" + path, data=body and json.dumps(body).encode(),
        headers={"Content-Type": "application/json", "X-Bugzilla-API-Key": os.environ["BMO_API_KEY"]})
    return json.load(urllib.request.urlopen(r))

def test_create():
    made = call("bug", {"product": "TestProduct", "component": "TestComponent", "summary": __file__, "version": "unspecified"})
    assert call("bug/%d" % made["id"])["bugs"][0]["summary"] == __file__

def test_version():
    assert call("version")["version"] == "VERSION"
`

const perlFile = `use Test::More tests => 1;
use HTTP::Tiny;
is(HTTP::Tiny->new->get("$ENV{BMO_URL}/rest/version")->{status}, STATUS, "it answers");
`

const goFile = `package PACKAGE

import (
	"net/http"
	"os"
	"testing"
)

func TestVersion(t *testing.T) {
	r, err := http.Get(os.Getenv("BMO_URL") + "/rest/version")
	if err != nil || r.StatusCode != http.StatusOK {
		t.Fatal(r, err)
	}
}
`

// testReport is what a JUnit report begins with.
type testReport struct {
	Tests    int `xml:"tests,attr"`
	Failures int `xml:"failures,attr"`
	Errors   int `xml:"errors,attr"`
}

// listOfTests runs "docker bmo test" in a folder with these files.
func listOfTests(t *testing.T, files map[string]string, list string, words ...string) (harness.Result, testReport) {
	t.Helper()
	a, _ := demo(t)
	dir := t.TempDir()
	for name, text := range files {
		assert.NilError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755))
		assert.NilError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	assert.NilError(t, os.WriteFile(filepath.Join(dir, "list"), []byte(list), 0o600))
	in, err := os.Open(filepath.Join(dir, "list"))
	assert.NilError(t, err)
	defer in.Close()
	c := harness.CLI{Stdin: in, Env: []string{"GOCACHE=" + goCache}, Put: func(cmd *exec.Cmd) { cmd.Dir = dir }}
	r := c.Run(t, a.Args("test", append([]string{"--junit", "out.xml"}, words...)...)...)
	b, err := os.ReadFile(filepath.Join(dir, "out.xml"))
	assert.NilError(t, err, r.Stderr)
	var report testReport
	assert.NilError(t, xml.Unmarshal(b, &report))
	return r, report
}

// goCache is Go's own cache. The suite gives the commands that it tests a cache folder of their own, in which a build
// would begin with the standard library.
var goCache = func() string {
	dir, _ := os.UserCacheDir() // without one, Go says so
	return cmp.Or(os.Getenv("GOCACHE"), filepath.Join(dir, "go-build"))
}()

// Test files of pytest, each against an instance that nobody has used; the report has what they wrote.
func TestListOfPytestFiles(t *testing.T) {
	harness.OnOneEngine(t)
	t.Parallel()
	good := strings.Replace(pytestFile, "VERSION", "1.0", 1)
	r, report := listOfTests(t, map[string]string{"tests/test_a.py": good, "tests/deep/test_b.py": good, "tests/test_c.py": pytestFile}, "",
		"-n", "2", "--fresh", "file", "--files", "tests/**/test_*.py", "--", "pytest", "-q", "-p", "no:cacheprovider", "--junitxml={junit}", "{}")
	r.Fails(t, 1, "[3/3] ", "out.xml: 6 test cases")
	assert.Assert(t, strings.Contains(r.Stdout, "--- FAIL tests/test_c.py ("), r.Stdout)
	assert.Assert(t, strings.Contains(r.Stdout, "\n3 tests: 2 passed, 1 failed, in "), r.Stdout)
	assert.Equal(t, report, testReport{Tests: 6, Failures: 1})
}

// Test files of prove, one after the other; one of them fails twice.
func TestListOfPerlTests(t *testing.T) {
	harness.OnOneEngine(t)
	t.Parallel()
	r, report := listOfTests(t, map[string]string{
		"t/a.t": strings.Replace(perlFile, "STATUS", "200", 1), "t/b.t": strings.Replace(perlFile, "STATUS", "404", 1),
	}, "t/a.t\nt/b.t\n", "-n", "1", "--retries", "1", "--", "prove")
	r.Fails(t, 1, "[retry 1] t/b.t against ")
	assert.Assert(t, strings.Contains(r.Stdout, "Failed test 'it answers'"), r.Stdout)
	assert.Equal(t, report, testReport{Tests: 2, Failures: 1})
}

// Packages of Go are words of a list as well.
func TestListOfGoPackages(t *testing.T) {
	harness.OnOneEngine(t)
	t.Parallel()
	r, report := listOfTests(t, map[string]string{
		"go.mod": "module example.test\n\ngo 1.24\n", "a/a_test.go": strings.Replace(goFile, "PACKAGE", "a", 1), "b/b_test.go": strings.Replace(goFile, "PACKAGE", "b", 1),
	}, "example.test/a\nexample.test/b\n", "-n", "2", "--", "go", "test", "-count=1")
	assert.Assert(t, strings.Contains(r.OK(t).Stdout, "2 tests: 2 passed, in "), r.Stdout)
	assert.Equal(t, report, testReport{Tests: 2})
}
