package e2e

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"gotest.tools/v3/assert"
)

// started is one line of `run --format json`.
type started struct {
	instance
	Flavor string
	Ports  map[string]map[string]string
}

// runs starts instances that are removed when the test ends.
func (a *app) runs(t testing.TB, more ...string) (list []started) {
	t.Helper()
	r := a.do(t, "run", append([]string{"--detach", "--format", "json"}, more...)...).ok(t)
	for _, l := range lines(r.stdout) {
		var s started
		assert.NilError(t, json.Unmarshal([]byte(l), &s), "%s", l)
		t.Cleanup(func() { s.remove(t) })
		list = append(list, s)
	}
	return list
}

func TestRunSeveral(t *testing.T) {
	t.Parallel()
	a, _ := demo(t)
	list := a.runs(t, "-n", "3", "--name", a.name+"-many")
	assert.Equal(t, len(list), 3)
	urls := map[string]bool{}
	for i, s := range list {
		assert.Equal(t, s.Name, fmt.Sprintf("%s-many-%d", a.name, i+1))
		s.tracker().answers(t)
		urls[s.URL] = true
	}
	assert.Equal(t, len(urls), 3)
	a.do(t, "run", "-d", "--name", list[0].Name).fails(t, 125, "an instance named "+list[0].Name+" is there already")
	r := bmo(t, "stop", "-t", "0", list[0].Name, list[1].Name, list[2].Name).ok(t)
	assert.Equal(t, len(lines(r.stdout)), 3)
}

// One snapshot runs with little memory and with usual settings.
func TestStory11RegularOnRequest(t *testing.T) {
	t.Parallel()
	a, key := demo(t)
	s := a.runs(t, "--flavor", "regular")[0]
	assert.Equal(t, s.Key[:len(key)], key)
	assert.DeepEqual(t, inspect(t, s.Services["db"]).Config.Cmd, []string{"--defaults-file=/etc/docker-bmo/regular.cnf"})
	assert.Equal(t, inspect(t, s.Services["web"]).Config.Cmd[2], "prefork")
	s.tracker().answers(t)
	got := bmo(t, "ps", "-f", "name="+s.Name, "--format", "{{.Name}} {{.Flavor}} {{.State}}").ok(t).text()
	assert.Equal(t, got, s.Name+" regular running")
}

// The database is reached from outside on request, and only then; never on another address than the loopback one.
func TestDatabaseIsPublishedOnRequest(t *testing.T) {
	t.Parallel()
	a, _ := demo(t)
	s := a.runs(t, "-p", "db:3306")[0]
	address := bmo(t, "port", s.Name, "db", "3306").ok(t).text()
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

	assert.Equal(t, bmo(t, "inspect", "-f", "{{.URL}}", s.Name).ok(t).text(), s.URL, "the address is still the application's")
	a.do(t, "run", "-d", "-p", "0.0.0.0:8000:8000").fails(t, 125, "ports are only published on 127.0.0.1")
	a.do(t, "run", "-d", "-p", strings.TrimPrefix(address, "127.0.0.1:")+":8000").fails(t, 125, "on 127.0.0.1 is taken", "hint: ")
	bmo(t, "port", a.runs(t)[0].Name, "db", "3306").fails(t, 1, "port 3306 of service db is not published")
}

func TestExec(t *testing.T) {
	t.Parallel()
	a, _ := demo(t)
	s := a.runs(t, "-e", "DEMO_FROM_TEST=yes")[0]
	r := bmo(t, "exec", "-e", "MORE=a b", s.Name, "web", "sh", "-c", `echo "$DEMO_FROM_TEST $MORE"; echo oops >&2; exit 3`)
	assert.Equal(t, r.code, 3)
	assert.Equal(t, r.text(), "yes a b")
	assert.Equal(t, r.stderr, "oops\n")

	file := filepath.Join(t.TempDir(), "statements.sql")
	assert.NilError(t, os.WriteFile(file, []byte("SELECT CONCAT('from ', 'MySQL');\n"), 0o600))
	statements, err := os.Open(file)
	assert.NilError(t, err)
	defer statements.Close()
	in := cli{stdin: statements}
	assert.Equal(t, in.run(t, "exec", s.Name, "db", "mysql", "-uroot", "-N").ok(t).text(), "from MySQL")

	// What cannot be found has the exit code that docker's own exec gives it: older engines say 126.
	theirs := exec.Command("docker", "exec", s.Services["web"], "no-such-command")
	assert.Assert(t, theirs.Run() != nil)
	assert.Assert(t, slices.Contains([]int{126, 127}, theirs.ProcessState.ExitCode()), theirs.ProcessState)
	bmo(t, "exec", s.Name, "web", "no-such-command").fails(t, theirs.ProcessState.ExitCode())
	bmo(t, "exec", s.Name, "cache", "true").fails(t, 1, "has no service", "hint: its services are db, web")
}

func TestLogs(t *testing.T) {
	t.Parallel()
	a, _ := demo(t)
	s := a.runs(t)[0]
	all := bmo(t, "logs", s.Name).ok(t)
	both := all.stdout + all.stderr
	assert.Assert(t, strings.Contains(both, "db  | ") && strings.Contains(both, "web | "), both)
	one := bmo(t, "logs", "--no-log-prefix", "-t", "-n", "1", s.Name, "web").ok(t)
	line := lines(one.stdout + one.stderr)
	assert.Equal(t, len(line), 1)
	_, err := time.Parse(time.RFC3339Nano, strings.Fields(line[0])[0])
	assert.NilError(t, err, line[0])
}

// Labels are added to a snapshot that is there without bootstrapping again, and prune goes by them.
func TestLabels(t *testing.T) {
	t.Parallel()
	a := newMini(t, "labels", nil)
	key := a.build(t)
	before := a.image(t, key, "web")
	r := a.do(t, "build", "--label", "ci.run=42", "--progress", "plain").ok(t)
	assert.Equal(t, r.text(), key)
	assert.Assert(t, !strings.Contains(r.stderr, "bootstrap"), r.stderr)
	assert.Assert(t, a.image(t, key, "web") != before)
	assert.Equal(t, len(a.keys(t)), 1, "the older one has gone")
	a.leavesNothing(t)
	assert.Equal(t, bmo(t, "snapshot", "inspect", "-f", "{{json .Labels}}", key).ok(t).text(), `{"ci.run":"42"}`)
	assert.Assert(t, strings.Contains(a.do(t, "build", "--label", "ci.run=42").ok(t).stderr, "is up to date"))
	i := a.run(t)
	assert.Equal(t, get(t, i.URL), get(t, i.URL))
	i.remove(t)

	prune := func(filter string) []string {
		bmo(t, "prune", "--all", "-f", "--stack", a.name, "--filter", filter).ok(t)
		return a.keys(t)
	}
	assert.DeepEqual(t, prune("label!=ci.run"), []string{key})
	assert.DeepEqual(t, prune("until=24h"), []string{key})
	assert.Equal(t, len(prune("label=ci.run=42")), 0)
}

// An older snapshot runs though the stack has changed.
func TestRunOlderSnapshot(t *testing.T) {
	t.Parallel()
	a := newMini(t, "older", nil)
	old := a.build(t)
	a.edit(t, edits{"services.web.environment.CHANGED": "yes"})
	assert.Assert(t, a.build(t) != old)
	s := a.runs(t, "--snapshot", old)[0]
	assert.Equal(t, s.Key[:len(old)], old)
	a.do(t, "run", "-d", "--no-build", "--build-arg", "OTHER=x").fails(t, 125, "has no snapshot of these inputs", "hint: ")
}

// The wait is bounded as a whole, whatever the stack says, and what did not become ready leaves nothing.
func TestWaitTimeout(t *testing.T) {
	t.Parallel()
	a := newMini(t, "late", edits{"services.web.x-bmo.ready.timeout": "10m"})
	a.build(t)
	a.do(t, "run", "-d", "-e", "MINI_FAULT=deaf", "--wait-timeout", "2").fails(t, 124, "service web: not ready after 2")
	a.leavesNothing(t)
}
