package e2e

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
	"syscall"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/e2e/harness"
)

// bootstrapped makes a case of a build that gets as far as the first run; nothing of it may stay.
func bootstrapped(name string, changes harness.Edits) errorCase {
	return errorCase{name, func(a *attempt) {
		s := a.stack(changes)
		a.on(s, "build", "-q")
		s.LeavesNothing(a.T)
		assert.Equal(a, len(s.Keys(a.T)), 0)
	}}
}

// steps are the bootstrap of a stack with one step.
func steps(timeout string, command ...string) harness.Edits {
	return harness.Edits{"x-bmo.bootstrap": []any{map[string]any{"service": "web", "command": command, "timeout": timeout}}}
}

var bootstrapErrors = []errorCase{
	bootstrapped("A step that fails", steps("1m", "sh", "-c", "echo making tables; echo no such column; exit 3")),
	bootstrapped("A step whose program is not in the image", steps("1m", "migrate", "all")),
	bootstrapped("A step that takes too long", steps("4s", "sh", "-c", "echo waiting; sleep infinity")),
	bootstrapped("A service that dies", harness.Edits{"services.web.command": []string{"sh", "-c", "echo no such table >&2; exit 4"}}),
	bootstrapped("A service that runs out of memory", harness.Edits{
		"services.web.command": []string{"tail", "/dev/zero"}, "services.web.mem_limit": "16m",
	}),
	bootstrapped("A database that dies", harness.Edits{
		"services.db": map[string]any{
			"build": ".", "command": []string{"sh", "-c", "echo corrupt page >&2; exit 1"},
			"x-bmo": map[string]any{"ready": map[string]any{"mysql": map[string]string{"user": "shop", "password": "shop", "database": "shop"}}},
		},
		"services.web.depends_on": []string{"db"},
	}),
	bootstrapped("A web server that answers with an error", harness.Edits{
		"services.web.environment":         map[string]string{"MINI_FAULT": "ill", "MINI_INSTANCE": "any"},
		"services.web.x-bmo.ready.timeout": "4s",
	}),
	bootstrapped("An account that the image lacks", harness.Edits{"services.web.user": "nobody-there"}),
	bootstrapped("Too little memory to begin with", harness.Edits{"services.web.mem_limit": "1m"}),
	bootstrapped("A service that fails on its way out", harness.Edits{
		"services.web.command": []string{"bash", "-c", `echo >/srv/first-run; trap "echo cannot flush; exit 3" TERM; perl /srv/server.pl & wait`},
		"services.web.volumes": []string{"data:/data"}, "volumes.data": map[string]any{}, "x-bmo.bootstrap": []any{},
	}),
	bootstrapped("A service that does not stop", harness.Edits{
		"services.web.command": []string{"bash", "-c", `echo >/srv/first-run; trap "" TERM; perl /srv/server.pl; true`}, "services.web.stop_grace_period": "1s",
		"services.web.volumes": []string{"data:/data"}, "volumes.data": map[string]any{}, "x-bmo.bootstrap": []any{},
	}),
}

var instanceErrors = []errorCase{
	{"A port that is taken", func(a *attempt) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		assert.NilError(a, err)
		defer l.Close()
		port := strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
		a.mask("-p "+port, "-p 8080", "port "+port, "port 8080")
		a.on(a.shop, "run", "-d", "-q", "-p", port+":8000")
	}},
	{"A name that is taken", func(a *attempt) {
		a.on(a.shop, "run", "-d", "-q", "--name", a.one.Name)
	}},
	onShop("One port for two instances", "run", "-d", "-q", "-n", "2", "-p", "8080:8000"),
	onShop("A test command that is not there", "run", "-q", "--", "no-such-command"),
	{"A test command that is not executable", func(a *attempt) {
		file := filepath.Join(a.TempDir(), "t.sh")
		a.mask(file, "./t.sh")
		assert.NilError(a, os.WriteFile(file, []byte("true\n"), 0o600))
		a.on(a.shop, "run", "-q", "--", file)
	}},
	{"An instance that is not ready in time", func(a *attempt) {
		s := newPhases(a.T, "ill")
		a.maskStack(s, "app")
		s.Build(a.T, "--set", "MINI_FAULT=ill")
		a.on(s, "run", "-d", "-q", "--set", "MINI_FAULT=ill", "--wait-timeout", "4")
		s.LeavesNothing(a.T)
	}},
	onShop("No snapshot, and none to be built", "run", "-q", "--no-build", "--build-arg", "OTHER=inputs"),
	onShop("A snapshot that is not there", "run", "-q", "--snapshot", "fffffffff"),
	{"Ctrl-C", func(a *attempt) {
		args := a.shop.Args("run", "-q", "--", "sh", "-c", "echo testing; exec sleep infinity")
		p := a.cli.Start(a.T, args...)
		p.Await(a.T, &p.Stdout, "testing")
		assert.NilError(a, p.Signal(syscall.SIGINT))
		a.note(args)
		a.result = p.Wait(a.T)
	}},
	{"No folder for the record", func(a *attempt) {
		a.cli.Env = []string{"XDG_STATE_HOME=/dev/null"}
		a.on(a.shop, "run", "-q", "--", "echo", "tested")
	}},
}

// onInstance makes a case of a command on an instance that runs.
func onInstance(name, verb string, args ...string) errorCase {
	return errorCase{name, func(a *attempt) { a.bmo(append([]string{verb, a.one.Name}, args...)...) }}
}

var objectErrors = []errorCase{
	plain("An instance that is not there", "stop", "nope"),
	plain("Nothing to stop", "stop"),
	plain("Details of an instance that is not there", "inspect", "nope"),
	onInstance("A service that the instance does not have", "logs", "db"),
	onInstance("A command that the service does not have", "exec", "web", "mysql"),
	onInstance("A flag behind the instance", "exec", "-T", "web", "true"),
	{"An account that the service does not have", func(a *attempt) {
		a.bmo("exec", "-u", "nobody-there", a.one.Name, "web", "true")
	}},
	onInstance("A port that is not published", "port", "web", "3306"),
	plain("A snapshot that is not there to be removed", "snapshot", "rm", "fffffffff"),
	{"A snapshot in use", func(a *attempt) {
		a.bmo("snapshot", "rm", a.one.Key[:12])
	}},
	{"A snapshot of another stack", func(a *attempt) {
		a.bmo("run", "-q", "--stack", "demo", "--snapshot", a.one.Key[:12])
	}},
	plain("A filter that is none", "ps", "--filter", "label=x"),
	plain("A time that is none", "prune", "--force", "--filter", "until=yesterday"),
	plain("Two answers to one question", "prune", "--force", "--all", "--keep-last", "2"),
}
