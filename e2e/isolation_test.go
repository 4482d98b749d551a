package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/e2e/harness"
)

// Every test needs its own database, web server and network, at once.
func TestInstancesAtOnceAreIsolated(t *testing.T) {
	a, key := demo(t)
	var starts []*harness.Process
	for range 4 {
		starts = append(starts, a.Start(t, "run", "--detach", "--format", "json"))
	}
	var all []*harness.Instance
	for _, p := range starts {
		i := harness.ParseInstance(t, p.Wait(t).OK(t))
		assert.Assert(t, strings.HasPrefix(i.Key, key), "%s is not a copy of %s", i.Key, key)
		i.Tracker().Answers(t)
		all = append(all, i)
	}

	id := all[0].Tracker().Create(t, "TestProduct", "TestComponent", "only here")
	assert.Equal(t, all[0].Tracker().Summary(t, id), "only here")
	for _, other := range all[1:] {
		assert.Equal(t, other.Tracker().Summary(t, id), "")
		assert.Equal(t, other.Tracker().Bugs(t), 0)
	}
	for i := range all {
		isolated(t, all[i], all[(i+1)%len(all)])
	}
}

// isolated fails the test unless i reaches its own database and not that of other, and publishes nothing but its
// application's port, on the loopback interface only.
func isolated(t *testing.T, i, other *harness.Instance) {
	t.Helper()
	for service, id := range i.Services {
		for port, bound := range harness.Inspect(t, id).NetworkSettings.Ports {
			for _, b := range bound {
				assert.Equal(t, service+" "+port+" "+b.HostIP, "web 8000/tcp 127.0.0.1")
				assert.Equal(t, i.URL, "http://127.0.0.1:"+b.HostPort)
			}
		}
	}
	connect := func(to *harness.Instance) bool {
		db := harness.Inspect(t, to.Services["db"]).Address(t)
		script := fmt.Sprintf("if timeout 2 bash -c '</dev/tcp/%s/3306'; then echo yes; else echo no; fi 2>/dev/null", db)
		return harness.Docker(t, "exec", i.Services["web"], "bash", "-c", script) == "yes"
	}
	assert.Assert(t, connect(i), "%s does not reach its own database", i.Name)
	assert.Assert(t, !connect(other), "%s reaches the database of %s", i.Name, other.Name)
}

// ... and offline. The containers are given a resolver at an address of their own loopback interface where nobody
// listens: docker's resolver knows the names within the network and hands on all others, and the container's kernel
// counts what came to a port without a listener.
func TestNoOutsideNameIsAsked(t *testing.T) {
	t.Parallel()
	p := harness.NewProxy(t, nowhere(t), nil)
	a := harness.NewDemo(t, "offline", harness.Edits{
		// The first run has a container of its own, which is gone when it ends: it reports itself.
		"x-bmo.bootstrap": []any{map[string]any{
			"service": "web", "command": []string{"sh", "-c", "perl demo.pl bootstrap && grep Udp: /proc/net/snmp"},
			"environment": map[string]string{
				"DEMO_admin_login": "admin@demo.test", "DEMO_admin_password": "demo-password", "DEMO_admin_api_key": "key",
			},
		}},
		"x-bmo.env.BMO_API_KEY": "key",
	})
	a.CLI = p.CLI()
	r := a.Do(t, "build", "--progress", "rawjson").OK(t)
	assert.Equal(t, unheard(t, harness.Log(t, harness.ParseProgress(t, r.Stderr), "bootstrap 1/1")), 0)

	i := a.Run(t)
	i.Tracker().Create(t, "TestProduct", "TestComponent", "asks nobody")
	for service, id := range i.Services {
		assert.Equal(t, unheard(t, harness.Docker(t, "exec", id, "grep", "Udp:", "/proc/net/snmp")), 0, service)
	}

	// That is worth something only if the count goes up when an outside name is asked for.
	web := i.Services["web"]
	harness.Docker(t, "exec", web, "sh", "-c", "getent hosts outside.example || true")
	assert.Assert(t, unheard(t, harness.Docker(t, "exec", web, "grep", "Udp:", "/proc/net/snmp")) > 0)
}

// nowhere gives each new container a resolver that does not answer.
func nowhere(t *testing.T) func(*http.Request) {
	return func(r *http.Request) {
		if r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, "/containers/create") {
			return
		}
		var spec map[string]any
		if err := json.NewDecoder(r.Body).Decode(&spec); err != nil {
			t.Error(err)
			return
		}
		spec["HostConfig"].(map[string]any)["Dns"] = []string{"127.0.0.53"}
		b, err := json.Marshal(spec)
		if err != nil {
			t.Error(err)
		}
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(b)), int64(len(b))
		r.Header.Set("Content-Length", strconv.Itoa(len(b)))
	}
}

// unheard reads the number of datagrams that nobody listened for from the kernel's table.
func unheard(t testing.TB, table string) int {
	t.Helper()
	m := regexp.MustCompile(`(?s)Udp: InDatagrams NoPorts .*?\n.*?Udp: \d+ (\d+) `).FindStringSubmatch(table)
	assert.Assert(t, m != nil, "no count in %q", table)
	n, err := strconv.Atoi(m[1])
	assert.NilError(t, err)
	return n
}
