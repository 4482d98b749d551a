package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/e2e/harness"
	"github.com/docker-bmo/docker-bmo/journal"
	htmlreport "github.com/docker-bmo/docker-bmo/report"
)

// A stop signal left no trace: of a snapshot whose service ignored it, both signals and the exit code are seen, in the
// order in which it happened, and in the page.
func TestR16StopSignalIsSeen(t *testing.T) {
	harness.OnOneEngine(t)
	t.Parallel()
	a := harness.NewMini(t, "stubborn", harness.Edits{"services.stubborn": map[string]any{
		"build": ".", "command": []string{"sh", "-c", "echo up; while :; do sleep 1; done"},
	}})
	key := a.Build(t)
	out := harness.BMO(t, "events", "--filter", "service=stubborn", "--filter", "type=container",
		"--format", "{{.Action}} {{.Attributes.signal}}{{.Attributes.exitCode}}", key).OK(t).Stdout
	assert.Equal(t, strings.ReplaceAll(out, "<no value>", ""), "create \nstart \nkill 15\nkill 9\ndie 137\ncommit \ndestroy \n")
	dom := browse(t, report(t, key), "")
	for _, word := range []string{">SIGTERM<", ">SIGKILL<", ">commit<"} {
		assert.Assert(t, strings.Contains(dom, word), word)
	}
}

// Log lines were lost: 100,000 of a container that ends at once are read when it is gone, and are in the page.
func TestR16HundredThousandLines(t *testing.T) {
	t.Parallel()
	a := harness.NewMini(t, "many-lines", harness.Edits{
		"services.burst": map[string]any{"build": ".", "command": []string{"seq", "1", "100000"}},
	})
	i := a.Run(t)
	harness.Docker(t, "wait", i.Services["burst"])
	i.Remove(t)
	var want strings.Builder
	for n := range 100000 {
		fmt.Fprintln(&want, n+1)
	}
	assert.Assert(t, harness.Recorded(t, i.Name, "burst") == want.String())
	dom := browse(t, report(t, i.Name), "#q=99999")
	assert.Assert(t, regexp.MustCompile(`id="count"[^>]*>1 of 100,\d+ entries<`).MatchString(dom), "%.3000s", dom)
	assert.Assert(t, strings.Contains(dom, "<mark>99999</mark>"))
}

// Of several stops of one instance one removed a container while another one was reading what it had printed.
func TestR16StopsAtOnce(t *testing.T) {
	t.Parallel()
	const lines = 30000
	a := harness.NewMini(t, "stops-at-once", harness.Edits{
		"services.burst": map[string]any{"build": ".", "init": true, "command": []string{"sh", "-c", fmt.Sprintf("sleep 3; seq 1 %d; exec sleep 1000", lines)}},
	})
	i := a.Run(t)
	burst := i.Services["burst"]
	harness.Until(t, "all is printed", func() bool { return harness.Docker(t, "logs", "--tail", "1", burst) == fmt.Sprint(lines) })
	var stops []*harness.Process
	for range 3 {
		stops = append(stops, harness.CLI{}.Start(t, "stop", i.Name))
	}
	for _, p := range stops {
		p.Wait(t) // one that finds nothing any more says so
	}
	got := strings.Fields(harness.Recorded(t, i.Name, "burst"))
	assert.Equal(t, len(got), lines)
	assert.Equal(t, got[lines-1], fmt.Sprint(lines))
	out := harness.BMO(t, "events", "--format", "{{.Type}} {{.Action}}", i.Name).OK(t).Stdout
	assert.Assert(t, strings.HasSuffix(out, "record end\n"), out)
}

// What a killed command has begun to record is made whole by the next one, from what the engine still has.
func TestR16KilledRecordIsMadeWhole(t *testing.T) {
	t.Parallel()
	a := harness.NewMini(t, "killed-record", nil)
	key := a.Build(t)
	p := a.Start(t, "run", "--name", a.Name+"-1", "--snapshot", key)
	p.Await(t, &p.Stdout, `(?m)^http://127\.0\.0\.1:\d+$`)
	assert.NilError(t, p.Signal(syscall.SIGKILL))
	p.Wait(t)
	harness.Sweep(t)
	out := harness.BMO(t, "events", "--format", "{{.Type}} {{.Action}}", a.Name+"-1").OK(t).Stdout
	for _, word := range []string{"container create\n", "container start\n", "service ready\n", "container kill\n", "container die\n", "container destroy\n", "record end\n"} {
		assert.Assert(t, strings.Contains(out, word), "no %q in:\n%s", word, out)
	}
	assert.Assert(t, !strings.Contains(out, "record gap"), out)
}

// The page of a record is one file. What a service prints becomes no part of it.
func TestReportOfHostileLines(t *testing.T) {
	harness.OnOneEngine(t)
	t.Parallel()
	a := harness.NewMini(t, "hostile-report", harness.Edits{"services.hostile": map[string]any{
		"build": ".", "command": []string{"echo", `</script><script>document.title = "owned"</script><img src=x onerror="document.title='owned'">`},
	}})
	i := a.Run(t)
	harness.Docker(t, "wait", i.Services["hostile"])
	i.Remove(t)
	dom := browse(t, report(t, i.Name), "")
	assert.Assert(t, strings.Contains(dom, "<title>instance "+i.Name+"</title>"), "%.500s", dom)
	assert.Assert(t, strings.Contains(dom, "&lt;/script&gt;&lt;script&gt;document.title"), "shown as it is")
	assert.Equal(t, strings.Count(dom, "<img"), 0)
}

// Words on the time line covered each other where much happens at once: a signal and the commit after it.
func TestReportIsLegible(t *testing.T) {
	harness.OnOneEngine(t)
	t.Parallel()
	noon := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	archive := journal.OpenArchive(t.TempDir())
	r, err := archive.Create(journal.Header{ID: journal.NewID(noon), Kind: "snapshot", Created: noon}, func() time.Time { return noon })
	assert.NilError(t, err)
	for _, e := range []journal.Entry{
		{Action: "start"}, {Action: "kill", Attributes: map[string]string{"signal": "15"}}, {Action: "commit"}, {Action: "destroy"},
	} {
		e.Kind, e.Service, e.Container, e.Time = journal.KindEvent, "db", "c", noon
		r.Add(e)
		noon = noon.Add(time.Second)
		if e.Action == "start" {
			noon = noon.Add(3 * time.Minute)
		}
	}
	assert.NilError(t, r.Close())
	info, err := archive.Find("")
	assert.NilError(t, err)
	view, err := archive.Open(t.Context(), nil, info, htmlreport.Query)
	assert.NilError(t, err)
	defer view.Close()
	file, err := os.Create(filepath.Join(t.TempDir(), "report.html"))
	assert.NilError(t, err)
	assert.NilError(t, htmlreport.Write(file, view))
	assert.NilError(t, file.Close())
	legible(t, browse(t, file.Name(), ""))
}

// report writes the page of a record.
func report(t *testing.T, name string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "report.html")
	harness.BMO(t, "report", "-o", file, name).OK(t)
	return file
}

var word = regexp.MustCompile(`<text x="([\d.]+)" y="([\d.]+)" class="in"[^>]*>([^<]*)</text>`)

// legible fails the test when words on the time line cover each other.
func legible(t *testing.T, dom string) {
	t.Helper()
	type drawn struct {
		from, to float64
		text     string
	}
	rows := map[string][]drawn{}
	for _, m := range word.FindAllStringSubmatch(dom, -1) {
		x, err := strconv.ParseFloat(m[1], 64)
		assert.NilError(t, err)
		d := drawn{x, x + 5*float64(len(m[3])), m[3]}
		if strings.Contains(m[0], `text-anchor="end"`) {
			d.from, d.to = d.from-(d.to-d.from), d.from
		}
		for _, o := range rows[m[2]] {
			assert.Assert(t, d.to <= o.from || o.to <= d.from, "%q covers %q", d.text, o.text)
		}
		rows[m[2]] = append(rows[m[2]], d)
	}
	assert.Assert(t, len(rows) > 0, "no words in %.2000s", dom)
}

// browse opens a page in a browser and returns what has become of it.
func browse(t *testing.T, file, hash string) string {
	t.Helper()
	cmd := exec.Command("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--user-data-dir="+t.TempDir(),
		"--window-size=1440,900", "--virtual-time-budget=10000", "--dump-dom", "file://"+file+hash)
	cmd.Stderr = os.Stderr
	if !testing.Verbose() {
		cmd.Stderr = nil
	}
	out, err := cmd.Output()
	assert.NilError(t, err)
	return string(out)
}
