package e2e

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/e2e/harness"
)

// overSSH is docker bmo on another machine, with DOCKER_HOST leading to the engine by ssh.
func overSSH(t testing.TB) (*harness.Machine, *harness.SSHD, harness.CLI) {
	t.Helper()
	m := harness.NewMachine(t)
	s, env := harness.NewSSHD(t, m)
	return m, s, harness.CLI{Env: append(env, "DOCKER_HOST=ssh://"+harness.HostName), Put: m.Put}
}

// overTLS is docker bmo on another machine, with a context that leads to the engine by TLS.
func overTLS(t testing.TB) (*harness.Machine, harness.CLI) {
	t.Helper()
	m := harness.NewMachine(t)
	certs := harness.NewTLS(t, m)
	config := m.Dir + "/config"
	assert.NilError(t, os.CopyFS(config, os.DirFS(os.Getenv("DOCKER_CONFIG"))))
	harness.Docker(t, "--config", config, "context", "create", "far", "--docker",
		"host=tcp://127.0.0.1:"+harness.TCPPort+",ca="+certs+"/ca.pem,cert="+certs+"/cert.pem,key="+certs+"/key.pem")
	return m, harness.CLI{Env: []string{"DOCKER_HOST=", "DOCKER_CONFIG=" + config, "DOCKER_CONTEXT=far"}, Put: m.Put}
}

// The whole main path, on an engine of which nothing but its API can be reached.
func TestRemoteOverSSH(t *testing.T) {
	t.Parallel()
	m, _, c := overSSH(t)
	a := harness.NewDemo(t, "ssh", nil)
	a.CLI = c
	mainPath(t, a, m, sshHint)
}

func TestRemoteOverTLS(t *testing.T) {
	harness.OnOneEngine(t)
	t.Parallel()
	m, c := overTLS(t)
	a := harness.NewDemo(t, "tls", nil)
	a.CLI = c
	mainPath(t, a, m, "`ssh -N -L [0-9]+:127\\.0\\.0\\.1:[0-9]+ 127\\.0\\.0\\.1`")
}

// sshHint is what a user is told who has to make the way to an instance himself.
const sshHint = "`ssh -N -L [0-9]+:127\\.0\\.0\\.1:[0-9]+ far`"

func mainPath(t *testing.T, a *harness.App, m *harness.Machine, hint string) {
	t.Helper()
	key := a.Build(t)
	assert.Equal(t, a.Build(t), key)

	asTestCommand(t, a)
	inForeground(t, a, m, func(there harness.Tracker) {
		id := there.Create(t, "TestProduct", "TestComponent", "from afar")
		assert.Equal(t, there.Summary(t, id), "from afar")
	})
	detached(t, a, hint)

	a.CLI.Run(t, "prune", "--all", "--force", "--stack", a.Name).OK(t)
	assert.Equal(t, len(a.Keys(t)), 0)
	a.LeavesNothing(t)
}

// address matches links to an address or a name without a dot, as machines and containers here have them.
var address = regexp.MustCompile(`http://(?:[^/":.]+|[0-9.]+)(?::[0-9]+)?[/"]`)

// asTestCommand lets a test command on the machine ask for the page, whose links carry the address.
func asTestCommand(t *testing.T, a *harness.App) {
	t.Helper()
	r := a.Do(t, "run", "--", "sh", "-c", `echo "$BMO_URL" && curl --silent --show-error --fail "$BMO_URL/"; exit 7`)
	r.Fails(t, 7)
	url, page, _ := strings.Cut(r.Stdout, "\n")
	assert.Assert(t, regexp.MustCompile(`^http://127\.0\.0\.1:[0-9]+$`).MatchString(url), url)
	links := address.FindAllString(page, -1)
	for i, l := range links {
		links[i] = l[:len(l)-1]
	}
	slices.Sort(links)
	assert.DeepEqual(t, slices.Compact(links), []string{url})
	a.LeavesNothing(t)
}

// inForeground works with an instance by an address of the machine, while nothing is published on the engine's host.
func inForeground(t *testing.T, a *harness.App, m *harness.Machine, work func(there harness.Tracker)) {
	t.Helper()
	p := a.Start(t, "run", "--format", "json")
	p.Await(t, &p.Stdout, `(?m)^\{.*\}$`)
	i := &harness.Instance{}
	assert.NilError(t, json.Unmarshal([]byte(p.Stdout.String()), i))
	there := i.Tracker()
	there.From = m.Browser()
	work(there)
	for _, container := range i.Services {
		for port, bound := range harness.Inspect(t, container).NetworkSettings.Ports {
			assert.Equal(t, len(bound), 0, port)
		}
	}
	assert.NilError(t, p.Signal(syscall.SIGINT))
	p.Wait(t).Fails(t, 130)
	a.LeavesNothing(t)
}

// detached starts an instance that nobody forwards: it is published on the engine's host, which is where the tests run.
func detached(t *testing.T, a *harness.App, hint string) {
	t.Helper()
	r := a.Do(t, "run", "--detach", "--format", "json").OK(t)
	assert.Assert(t, regexp.MustCompile(`(?m)^hint: .*`+hint+`$`).MatchString(r.Stderr), r.Stderr)
	i := harness.ParseInstance(t, r)
	i.Tracker().Answers(t)
	assert.Assert(t, strings.Contains(a.CLI.Run(t, "ps").OK(t).Stdout, i.URL))
	a.CLI.Run(t, "stop", i.Name).OK(t)
	a.LeavesNothing(t)
}

// The connection breaks, and with it what was under way: that is said, and the next command clears away.
func TestRemoteConnectionLost(t *testing.T) {
	harness.OnOneEngine(t)
	t.Parallel()
	_, s, c := overSSH(t)
	a := newPhases(t, "lost")
	a.CLI = c
	for _, ph := range phases {
		t.Run(ph.name, func(t *testing.T) {
			before := a.Keys(t)
			p := a.Start(t, ph.args[0], ph.args[1:]...)
			ph.await(t, a, p)
			s.Close(true)
			s.HangUp()
			if ph.name == "testing" { // it would go on for ever: the command has not asked for anything
				assert.NilError(t, p.Signal(syscall.SIGINT))
				p.Wait(t).Fails(t, 130, "warning: ")
			} else {
				p.Wait(t).Fails(t, 125, "the connection to the docker engine was lost: ", "\nhint: ")
			}
			s.Close(false)

			a.CLI.Sweep(t)
			a.LeavesNothing(t)
			if ph.half {
				assert.DeepEqual(t, a.Keys(t), before)
			}
		})
	}
}

// A test command hardly notices that the connection was away for a moment.
func TestRemoteConnectionComesBack(t *testing.T) {
	t.Parallel()
	_, s, c := overSSH(t)
	a := harness.NewMini(t, "back", nil)
	a.CLI = c
	reader, writer, err := os.Pipe()
	assert.NilError(t, err)
	defer writer.Close()
	a.CLI.Stdin = reader
	p := a.Start(t, "run", "--", "sh", "-c", `ask() { curl --silent --max-time 60 "$MINI_URL/" || echo failed; }; ask; read -r _; ask; read -r _; ask`)
	p.Await(t, &p.Stdout, `\Ahello.*\n`)

	s.Close(true)
	s.HangUp()
	_, _ = writer.WriteString("\n")
	p.Await(t, &p.Stderr, `(?m)^warning: forward 127\.0\.0\.1:[0-9]+ to the engine: `)
	p.Await(t, &p.Stdout, `failed\n`)

	s.Close(false)
	_, _ = writer.WriteString("\n")
	r := p.Wait(t).OK(t)
	assert.Equal(t, strings.Count(r.Stdout, "hello"), 2, r.Stdout)
	a.LeavesNothing(t)
}

// A socket that was mounted into a container is that of an engine elsewhere, too.
func TestRemoteSocketInContainer(t *testing.T) {
	t.Parallel()
	a := harness.NewMini(t, "mounted", nil)
	a.CLI = harness.CLI{Env: []string{"KUBERNETES_SERVICE_HOST=10.0.0.1"}, Put: harness.NewMachine(t).Put}
	r := a.Do(t, "run", "--", "sh", "-c", `curl --silent --show-error --fail "$MINI_URL/"`).OK(t)
	assert.Assert(t, strings.HasPrefix(r.Stdout, "hello"), r.Stdout)
	r = a.Do(t, "run", "--detach", "--format", "json")
	harness.ParseInstance(t, r.Fails(t, 0, "\nhint: the address is one of the engine's host; to have it here: `ssh ", " HOST`"))
}

func TestRemoteUnreachable(t *testing.T) {
	harness.OnOneEngine(t)
	t.Parallel()
	_, s, c := overSSH(t)
	s.Close(true)
	c.Run(t, "ps").Fails(t, 125, "error: cannot reach a docker engine at ssh://far: ", "\nhint: `ssh far docker version` must work without prompting")

	_, c = overTLS(t)
	others := harness.NewTLS(t, harness.NewMachine(t))
	c.Env = append(c.Env, "DOCKER_HOST=tcp://127.0.0.1:"+harness.TCPPort, "DOCKER_TLS_VERIFY=1", "DOCKER_CERT_PATH="+others)
	c.Run(t, "ps").Fails(t, 125, "error: cannot reach a docker engine at tcp://127.0.0.1:"+harness.TCPPort+": tls: ", "certificate")
}
