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
)

// overSSH is docker bmo on another machine, with DOCKER_HOST leading to the engine by ssh.
func overSSH(t testing.TB) (*machine, *sshd, cli) {
	t.Helper()
	m := newMachine(t)
	s, env := newSSHD(t, m)
	return m, s, cli{env: append(env, "DOCKER_HOST=ssh://"+hostName), put: m.put}
}

// overTLS is docker bmo on another machine, with a context that leads to the engine by TLS.
func overTLS(t testing.TB) (*machine, cli) {
	t.Helper()
	m := newMachine(t)
	certs := newTLS(t, m)
	config := m.dir + "/config"
	assert.NilError(t, os.CopyFS(config, os.DirFS(os.Getenv("DOCKER_CONFIG"))))
	docker(t, "--config", config, "context", "create", "far", "--docker",
		"host=tcp://127.0.0.1:"+tcpPort+",ca="+certs+"/ca.pem,cert="+certs+"/cert.pem,key="+certs+"/key.pem")
	return m, cli{env: []string{"DOCKER_HOST=", "DOCKER_CONFIG=" + config, "DOCKER_CONTEXT=far"}, put: m.put}
}

// The whole main path, on an engine of which nothing but its API can be reached.
func TestRemoteOverSSH(t *testing.T) {
	t.Parallel()
	m, _, c := overSSH(t)
	a := newDemo(t, "ssh", nil)
	a.cli = c
	mainPath(t, a, m, sshHint)
}

func TestRemoteOverTLS(t *testing.T) {
	t.Parallel()
	m, c := overTLS(t)
	a := newDemo(t, "tls", nil)
	a.cli = c
	mainPath(t, a, m, "`ssh -N -L [0-9]+:127\\.0\\.0\\.1:[0-9]+ 127\\.0\\.0\\.1`")
}

// sshHint is what a user is told who has to make the way to an instance himself.
const sshHint = "`ssh -N -L [0-9]+:127\\.0\\.0\\.1:[0-9]+ far`"

func mainPath(t *testing.T, a *app, m *machine, hint string) {
	t.Helper()
	key := a.build(t)
	assert.Equal(t, a.build(t), key)

	asTestCommand(t, a)
	inForeground(t, a, m)
	detached(t, a, hint)

	a.cli.run(t, "prune", "--all", "--force", "--stack", a.name).ok(t)
	assert.Equal(t, len(a.keys(t)), 0)
	a.leavesNothing(t)
}

// address matches links to an address or a name without a dot, as machines and containers here have them.
var address = regexp.MustCompile(`http://(?:[^/":.]+|[0-9.]+)(?::[0-9]+)?[/"]`)

// asTestCommand lets a test command on the machine ask for the page, whose links carry the address.
func asTestCommand(t *testing.T, a *app) {
	t.Helper()
	r := a.do(t, "run", "--", "sh", "-c", `echo "$BMO_URL" && curl --silent --show-error --fail "$BMO_URL/"; exit 7`)
	r.fails(t, 7)
	url, page, _ := strings.Cut(r.stdout, "\n")
	assert.Assert(t, regexp.MustCompile(`^http://127\.0\.0\.1:[0-9]+$`).MatchString(url), url)
	links := address.FindAllString(page, -1)
	for i, l := range links {
		links[i] = l[:len(l)-1]
	}
	slices.Sort(links)
	assert.DeepEqual(t, slices.Compact(links), []string{url})
	a.leavesNothing(t)
}

// inForeground works with an instance by an address of the machine, while nothing is published on the engine's host.
func inForeground(t *testing.T, a *app, m *machine) {
	t.Helper()
	p := a.start(t, "run", "--format", "json")
	p.await(t, &p.stdout, `(?m)^\{.*\}$`)
	i := &instance{}
	assert.NilError(t, json.Unmarshal([]byte(p.stdout.String()), i))
	there := i.tracker()
	there.from = m.browser()
	id := there.create(t, "TestProduct", "TestComponent", "from afar")
	assert.Equal(t, there.summary(t, id), "from afar")
	for _, container := range i.Services {
		for port, bound := range inspect(t, container).NetworkSettings.Ports {
			assert.Equal(t, len(bound), 0, port)
		}
	}
	assert.NilError(t, p.signal(syscall.SIGINT))
	p.wait(t).fails(t, 130)
	a.leavesNothing(t)
}

// detached starts an instance that nobody forwards: it is published on the engine's host, which is where the tests run.
func detached(t *testing.T, a *app, hint string) {
	t.Helper()
	r := a.do(t, "run", "--detach", "--format", "json").ok(t)
	assert.Assert(t, regexp.MustCompile(`(?m)^hint: .*`+hint+`$`).MatchString(r.stderr), r.stderr)
	i := parseInstance(t, r)
	i.tracker().answers(t)
	assert.Assert(t, strings.Contains(a.cli.run(t, "ps").ok(t).stdout, i.URL))
	a.cli.run(t, "stop", i.Name).ok(t)
	a.leavesNothing(t)
}

// The connection breaks, and with it what was under way: that is said, and the next command clears away.
func TestRemoteConnectionLost(t *testing.T) {
	t.Parallel()
	_, s, c := overSSH(t)
	a := newPhases(t, "lost")
	a.cli = c
	for _, ph := range phases {
		t.Run(ph.name, func(t *testing.T) {
			before := a.keys(t)
			p := a.start(t, ph.args[0], ph.args[1:]...)
			ph.await(t, a, p)
			s.close(true)
			s.hangUp()
			if ph.name == "testing" { // it would go on for ever: the command has not asked for anything
				assert.NilError(t, p.signal(syscall.SIGINT))
				p.wait(t).fails(t, 130, "warning: ")
			} else {
				p.wait(t).fails(t, 125, "the connection to the docker engine was lost: ", "\nhint: ")
			}
			s.close(false)

			a.cli.run(t, "ps").ok(t)
			a.leavesNothing(t)
			if ph.half {
				assert.DeepEqual(t, a.keys(t), before)
			}
		})
	}
}

// A test command hardly notices that the connection was away for a moment.
func TestRemoteConnectionComesBack(t *testing.T) {
	t.Parallel()
	_, s, c := overSSH(t)
	a := newMini(t, "back", nil)
	a.cli = c
	reader, writer, err := os.Pipe()
	assert.NilError(t, err)
	defer writer.Close()
	a.cli.stdin = reader
	p := a.start(t, "run", "--", "sh", "-c", `ask() { curl --silent --max-time 60 "$MINI_URL/" || echo failed; }; ask; read -r _; ask; read -r _; ask`)
	p.await(t, &p.stdout, `\Ahello.*\n`)

	s.close(true)
	s.hangUp()
	_, _ = writer.WriteString("\n")
	p.await(t, &p.stderr, `(?m)^warning: forward 127\.0\.0\.1:[0-9]+ to the engine: `)
	p.await(t, &p.stdout, `failed\n`)

	s.close(false)
	_, _ = writer.WriteString("\n")
	r := p.wait(t).ok(t)
	assert.Equal(t, strings.Count(r.stdout, "hello"), 2, r.stdout)
	a.leavesNothing(t)
}

// A socket that was mounted into a container is that of an engine elsewhere, too.
func TestRemoteSocketInContainer(t *testing.T) {
	t.Parallel()
	a := newMini(t, "mounted", nil)
	a.cli = cli{env: []string{"KUBERNETES_SERVICE_HOST=10.0.0.1"}, put: newMachine(t).put}
	r := a.do(t, "run", "--", "sh", "-c", `curl --silent --show-error --fail "$MINI_URL/"`).ok(t)
	assert.Assert(t, strings.HasPrefix(r.stdout, "hello"), r.stdout)
	r = a.do(t, "run", "--detach", "--format", "json")
	parseInstance(t, r.fails(t, 0, "\nhint: the address is one of the engine's host; to have it here: `ssh ", " HOST`"))
}

func TestRemoteUnreachable(t *testing.T) {
	t.Parallel()
	_, s, c := overSSH(t)
	s.close(true)
	c.run(t, "ps").fails(t, 125, "error: cannot reach a docker engine at ssh://far: ", "\nhint: `ssh far docker version` has to work")

	_, c = overTLS(t)
	others := newTLS(t, newMachine(t))
	c.env = append(c.env, "DOCKER_HOST=tcp://127.0.0.1:"+tcpPort, "DOCKER_TLS_VERIFY=1", "DOCKER_CERT_PATH="+others)
	c.run(t, "ps").fails(t, 125, "error: cannot reach a docker engine at tcp://127.0.0.1:"+tcpPort+": tls: ", "certificate")
}
