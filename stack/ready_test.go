package stack

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"gotest.tools/v3/assert"
)

// TestReadyWithoutOurKeys: the health check, else a query, else the published ports, else as soon as it runs.
func TestReadyWithoutOurKeys(t *testing.T) {
	s := loadProject(t, Options{}, "compose.yaml", `
services:
  checked: {image: x, ports: ["1"], healthcheck: {test: pg_isready -U me, timeout: 3s, interval: 1m, retries: 5, start_period: 10s}}
  words: {image: x, healthcheck: {test: [CMD, "true"]}}
  off: {image: x, ports: ["2"], healthcheck: {disable: true}}
  none: {image: x, healthcheck: {test: [NONE]}}
  db: {image: "mysql:8", environment: {MYSQL_USER: u, MYSQL_PASSWORD: p, MYSQL_DATABASE: d}}
  root: {image: mariadb, environment: {MARIADB_ROOT_PASSWORD_FILE: /run/secrets/pw}, secrets: [pw]}
  built: {build: ., environment: {MYSQL_ROOT_PASSWORD: r}}
  client: {image: phpmyadmin, ports: ["80"], environment: {MYSQL_ROOT_PASSWORD: r}}
  web: {image: x, ports: ["8080:80", "9:9/udp"], depends_on: [client, checked, off]}
  plain: {image: x}
secrets: {pw: {file: pw}}
`, "pw", "hidden\n")
	ready := func(name string) Ready { return service(t, s, name).Ready }
	assert.DeepEqual(t, ready("checked"), Ready{
		Implied: true, Timeout: 5*time.Minute + 10*time.Second,
		Exec: &Exec{Command: []string{"pg_isready -U me"}, Shell: true, Timeout: 3 * time.Second},
	})
	assert.DeepEqual(t, ready("words").Exec, &Exec{Command: []string{"true"}})
	assert.DeepEqual(t, ready("off"), Ready{Implied: true, Ports: []int{2}})
	assert.DeepEqual(t, ready("none"), Ready{Implied: true})
	assert.DeepEqual(t, ready("db"), Ready{Implied: true, Image: true, MySQL: &MySQL{Port: 3306, User: "u", Password: "p", Database: "d", Query: "SELECT 1"}})
	assert.DeepEqual(t, ready("root").MySQL, &MySQL{Port: 3306, User: "root", Password: "hidden", Query: "SELECT 1"})
	assert.Equal(t, ready("built").MySQL.Password, "r")
	assert.Assert(t, ready("client").MySQL == nil)
	assert.DeepEqual(t, ready("web"), Ready{Implied: true, Image: true, Ports: []int{80}})
	assert.DeepEqual(t, ready("plain"), Ready{Implied: true, Image: true})
	assert.Equal(t, s.URL.Service, "web")
	text, err := s.YAML()
	assert.NilError(t, err)
	assert.Assert(t, !strings.Contains(string(text), "hidden"))
}

// TestAddressWithoutOurKeys: the published port of the service that no other one with ports depends on.
func TestAddressWithoutOurKeys(t *testing.T) {
	for _, c := range [][2]string{
		{"{web: {image: x, ports: ['8080:80']}}", "web:80"},
		{
			"{web: {image: x, ports: ['80'], depends_on: [api]}, api: {image: x, ports: ['90'], depends_on: [db]}, db: {image: x, ports: ['91']}}",
			"web:80",
		},
		{"{web: {image: x, ports: ['3000']}, db: {image: postgres, ports: ['5432']}}", "web:3000"},
		{"{web: {image: x, ports: ['443', '80']}}", "web:80"},
		{"{db: {image: postgres, ports: ['5432']}}", "db:5432"},
		{"{web: {image: x}}", ":0"},
	} {
		text, want := c[0], c[1]
		s := loadProject(t, Options{}, "compose.yaml", "services: "+text+"\n")
		assert.Equal(t, strings.TrimPrefix(address(s.URL), " "), want, text)
		assert.NilError(t, s.CheckURL())
	}
	s := loadProject(t, Options{}, "compose.yaml", "services: {a: {image: x, ports: ['80']}, b: {image: x, ports: ['81']}}\n")
	assert.Equal(t, s.URL.Service, "")
	assert.ErrorContains(t, s.CheckURL(), "it is not clear which service is the application's address")
}

func address(u URL) string { return u.Service + ":" + strconv.Itoa(u.Port) }
