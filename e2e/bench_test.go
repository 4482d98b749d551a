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

	"github.com/docker-bmo/docker-bmo/e2e/harness"
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

// BenchmarkBuildUnchanged compares a build that finds everything made with a command that only asks the engine for its
// version.
func BenchmarkBuildUnchanged(b *testing.B) {
	a, _ := demo(b)
	sideBySide(b,
		way{"version", func(b *testing.B) { harness.BMO(b, "version").OK(b) }},
		way{"unchanged", func(b *testing.B) { a.Build(b) }})
}

// BenchmarkRun compares an instance that is ready with the same two containers by plain docker commands, and with what
// it saves: a first run, its images made already.
func BenchmarkRun(b *testing.B) {
	a, key := demo(b)
	images := map[string]string{"db": a.Image(b, key, "db"), "web": a.Image(b, key, "web")}
	n := 0
	sideBySide(b,
		way{"docker", func(b *testing.B) {
			n++
			byHand(b, fmt.Sprintf("%s-hand-%d", harness.Suite.ID, n), images)
		}},
		way{"run", func(b *testing.B) { a.Do(b, "run", "--", "true").OK(b) }},
		way{"first", func(b *testing.B) {
			fresh := harness.NewDemo(b, fmt.Sprintf("first-%d", n), harness.Edits{"services.web.environment.DEMO_BENCH": fmt.Sprint(n)})
			fresh.Do(b, "run", "--", "true").OK(b)
		}})
}

// byHand does with docker commands what a run does: a network, the database, a wait for a query, the web server, a
// wait for an answer; then all of it goes.
func byHand(b *testing.B, name string, images map[string]string) {
	b.Helper()
	harness.Docker(b, "network", "create", name)
	db := harness.Docker(b, "run", "--detach", "--network", name, "--network-alias", "db", "--tmpfs", "/tmp",
		"--env", "MYSQL_DATABASE=demo", "--env", "MYSQL_USER=demo", "--env", "MYSQL_PASSWORD=demo",
		images["db"], "--defaults-file=/etc/docker-bmo/low.cnf")
	harness.Until(b, "the database", func() bool {
		return exec.Command("docker", "exec", db, "mysql", "-udemo", "-pdemo", "-h127.0.0.1", "-eSELECT 1", "demo").Run() == nil
	})
	web := harness.Docker(b, "run", "--detach", "--network", name, "--network-alias", "web", "--tmpfs", "/tmp", "--publish", "127.0.0.1::8000",
		"--env", "DEMO_db_host=db", "--env", "DEMO_db_port=3306", "--env", "DEMO_db_name=demo", "--env", "DEMO_db_user=demo",
		"--env", "DEMO_db_pass=demo", "--env", "DEMO_urlbase=http://127.0.0.1/", images["web"])
	address := harness.Docker(b, "port", web, "8000")
	harness.Until(b, "the web server", func() bool {
		res, err := harness.Browser.Get("http://" + address + "/rest/version")
		if err != nil {
			return false
		}
		res.Body.Close()
		return res.StatusCode == http.StatusOK
	})
	harness.Docker(b, "rm", "--force", "--volumes", web, db)
	harness.Docker(b, "network", "rm", name)
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
func memory(b *testing.B, a *harness.App, flavor string) float64 {
	b.Helper()
	i := a.Run(b, "--flavor", flavor)
	defer i.Remove(b)
	i.Tracker().Answers(b)
	var sum int64
	for _, id := range i.Services {
		used, _, _ := strings.Cut(harness.Docker(b, "stats", "--no-stream", "--format", "{{.MemUsage}}", id), " ")
		bytes, err := units.RAMInBytes(used)
		assert.NilError(b, err)
		sum += bytes
	}
	return float64(sum) / (1 << 20)
}
