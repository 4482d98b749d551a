package e2e

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"gotest.tools/v3/assert"
)

// Addresses changed between bootstrap and run; stale ones sat in configuration files.
func TestStory10LinksCarryTheInstancesAddress(t *testing.T) {
	t.Parallel()
	a, _ := demo(t)
	first, second := a.run(t), a.run(t)
	assert.Assert(t, first.URL != second.URL)
	for _, i := range []*instance{first, second} {
		assert.Equal(t, i.URL, i.Env["BMO_URL"])
		for _, page := range []string{"/", "/login"} {
			code, html := i.tracker().request(t, http.MethodGet, page, nil, nil)
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
func TestStory10SnapshotKnowsNoAddressAndNoSecret(t *testing.T) {
	t.Parallel()
	a, key := demo(t)
	for _, service := range []string{"db", "web"} {
		id := a.image(t, key, service)
		all := docker(t, "image", "inspect", id) + docker(t, "history", "--no-trunc", id)
		for _, word := range []string{
			"127.0.0.1", "DEMO_", "MYSQL_PASSWORD", "MYSQL_USER", "demo-password", "demo-api-key", "admin@demo.test",
			"docker-bmo.owner", "docker-bmo.instance", `"docker-bmo.role": "bootstrap"`,
		} {
			assert.Assert(t, !strings.Contains(all, word), "%s in the image of %s:\n%s", word, service, all)
		}
		assert.Equal(t, docker(t, "image", "inspect", "--format", "{{len .Config.Volumes}}", id), "0")
	}
	// The command is the image's own, not the one of the first run.
	assert.Equal(t, docker(t, "image", "inspect", "--format", "{{join .Config.Cmd \" \"}}", a.image(t, key, "web")),
		"perl demo.pl daemon -l http://*:8000")
}
