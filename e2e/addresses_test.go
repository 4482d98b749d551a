package e2e

import (
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/e2e/harness"
)

// Addresses changed between bootstrap and run; stale ones sat in configuration files.
func TestLinksCarryTheInstancesAddress(t *testing.T) {
	t.Parallel()
	a, _ := demo(t)
	first, second := a.Run(t), a.Run(t)
	assert.Assert(t, first.URL != second.URL)
	for _, i := range []*harness.Instance{first, second} {
		assert.Equal(t, i.URL, i.Env["BMO_URL"])
		for _, page := range []string{"/", "/login"} {
			code, html := i.Tracker().Request(t, http.MethodGet, page, nil, nil)
			assert.Equal(t, code, http.StatusOK, "%s leads away from the instance's address", page)
			links := regexp.MustCompile(`(?:href|src|action)="([^"]*)"`).FindAllStringSubmatch(html, -1)
			assert.Assert(t, len(links) >= 4, "%s", html)
			for _, l := range links {
				assert.Assert(t, strings.HasPrefix(l[1], i.URL), "%s links to %s", i.URL, l[1])
			}
		}
	}
}

// An image knows no address, no secret and no owner, although a commit copies all that its container was given.
func TestSnapshotKnowsNoAddressAndNoSecret(t *testing.T) {
	t.Parallel()
	a, key := demo(t)
	for _, service := range []string{"db", "web"} {
		id := a.Image(t, key, service)
		all := harness.Docker(t, "image", "inspect", id) + harness.Docker(t, "history", "--no-trunc", id)
		for _, word := range []string{
			"127.0.0.1", "DEMO_", "MYSQL_PASSWORD", "MYSQL_USER", "demo-password", "demo-api-key", "admin@demo.test",
			"docker-bmo.owner", "docker-bmo.instance", `"docker-bmo.role": "bootstrap"`,
		} {
			assert.Assert(t, !strings.Contains(all, word), "%s in the image of %s:\n%s", word, service, all)
		}
		assert.Equal(t, harness.Docker(t, "image", "inspect", "--format", "{{len .Config.Volumes}}", id), "0")
	}
	// The command is the image's own, not the one of the first run.
	assert.Equal(t, harness.Docker(t, "image", "inspect", "--format", "{{join .Config.Cmd \" \"}}", a.Image(t, key, "web")),
		"perl demo.pl daemon -l http://*:8000")
}

// The database is reached from outside on request, and only then; never on another address than the loopback one.
func TestDatabaseIsPublishedOnRequest(t *testing.T) {
	t.Parallel()
	a, _ := demo(t)
	s := a.Runs(t, "-p", "db:3306")[0]
	address := harness.BMO(t, "port", s.Name, "db", "3306").OK(t).Text()
	assert.Equal(t, address, s.Ports["db"]["3306/tcp"])
	host, _, err := net.SplitHostPort(address)
	assert.NilError(t, err)
	assert.Equal(t, host, "127.0.0.1")

	conn, err := net.DialTimeout("tcp", address, 10*time.Second)
	assert.NilError(t, err)
	defer conn.Close()
	greeting := make([]byte, 5) // length, number, version of the protocol
	_, err = conn.Read(greeting)
	assert.NilError(t, err)
	assert.Equal(t, greeting[4], byte(10))

	assert.Equal(t, harness.BMO(t, "inspect", "-f", "{{.URL}}", s.Name).OK(t).Text(), s.URL, "the address is still the application's")
}
