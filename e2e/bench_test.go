package e2e

import (
	"fmt"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/docker/go-units"
	"gotest.tools/v3/assert"
)

// way is one of several ways to the same end.
type way struct {
	name string
	do   func(b *testing.B)
}

// sideBySide takes each way in turn, so that they share the noise of the machine, and reports for each the median in
// seconds and how many times that of the first it is. The time that go prints is that of all ways together.
func sideBySide(b *testing.B, ways ...way) {
	b.Helper()
	took := make([][]float64, len(ways))
	for b.Loop() {
		for i, w := range ways {
			start := time.Now()
			w.do(b)
			took[i] = append(took[i], time.Since(start).Seconds())
		}
	}
	for i, w := range ways {
		b.ReportMetric(median(took[i]), "s/"+w.name)
		if i > 0 {
			b.ReportMetric(median(took[i])/median(took[0]), "x-"+w.name)
		}
	}
}

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}

// BenchmarkBuildUnchanged sets a build that finds everything made beside a command that only asks the engine for its
// version.
func BenchmarkBuildUnchanged(b *testing.B) {
	a, _ := demo(b)
	sideBySide(b,
		way{"version", func(b *testing.B) { bmo(b, "version").ok(b) }},
		way{"unchanged", func(b *testing.B) { a.build(b) }})
}

// BenchmarkRun sets an instance that is ready beside the same two containers by plain docker commands, and beside what
// it spares: a first run, its images made already.
func BenchmarkRun(b *testing.B) {
	a, key := demo(b)
	images := map[string]string{"db": a.image(b, key, "db"), "web": a.image(b, key, "web")}
	n := 0
	sideBySide(b,
		way{"docker", func(b *testing.B) {
			n++
			byHand(b, fmt.Sprintf("%s-hand-%d", suite.id, n), images)
		}},
		way{"run", func(b *testing.B) { a.do(b, "run", "--", "true").ok(b) }},
		way{"first", func(b *testing.B) {
			fresh := newDemo(b, fmt.Sprintf("first-%d", n), edits{"services.web.environment.DEMO_BENCH": fmt.Sprint(n)})
			fresh.do(b, "run", "--", "true").ok(b)
		}})
}

// byHand does with docker commands what a run does: a network, the database, a wait for a query, the web server, a
// wait for an answer; then all of it goes.
func byHand(b *testing.B, name string, images map[string]string) {
	b.Helper()
	docker(b, "network", "create", name)
	db := docker(b, "run", "--detach", "--network", name, "--network-alias", "db", "--tmpfs", "/tmp",
		"--env", "MYSQL_DATABASE=demo", "--env", "MYSQL_USER=demo", "--env", "MYSQL_PASSWORD=demo",
		images["db"], "--defaults-file=/etc/docker-bmo/low.cnf")
	until(b, "the database", func() bool {
		return exec.Command("docker", "exec", db, "mysql", "-udemo", "-pdemo", "-h127.0.0.1", "-eSELECT 1", "demo").Run() == nil
	})
	web := docker(b, "run", "--detach", "--network", name, "--network-alias", "web", "--tmpfs", "/tmp", "--publish", "127.0.0.1::8000",
		"--env", "DEMO_db_host=db", "--env", "DEMO_db_port=3306", "--env", "DEMO_db_name=demo", "--env", "DEMO_db_user=demo",
		"--env", "DEMO_db_pass=demo", "--env", "DEMO_urlbase=http://127.0.0.1/", images["web"])
	address := docker(b, "port", web, "8000")
	until(b, "the web server", func() bool {
		res, err := browser.Get("http://" + address + "/rest/version")
		if err != nil {
			return false
		}
		res.Body.Close()
		return res.StatusCode == http.StatusOK
	})
	docker(b, "rm", "--force", "--volumes", web, db)
	docker(b, "network", "rm", name)
}

// BenchmarkMemory reports what an instance takes in each flavor, in MiB, and how many times the low one that is.
func BenchmarkMemory(b *testing.B) {
	a, _ := demo(b)
	for b.Loop() {
		low, regular := memory(b, a, "low"), memory(b, a, "regular")
		b.ReportMetric(low, "MiB/low")
		b.ReportMetric(regular, "MiB/regular")
		b.ReportMetric(regular/low, "x-regular")
	}
}

// memory starts an instance and returns what its services take together, in MiB.
func memory(b *testing.B, a *app, flavor string) float64 {
	b.Helper()
	i := a.run(b, "--flavor", flavor)
	defer i.remove(b)
	i.tracker().answers(b)
	var sum int64
	for _, id := range i.Services {
		used, _, _ := strings.Cut(docker(b, "stats", "--no-stream", "--format", "{{.MemUsage}}", id), " ")
		bytes, err := units.RAMInBytes(used)
		assert.NilError(b, err)
		sum += bytes
	}
	return float64(sum) / (1 << 20)
}
