package kubernetes

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/e2e/harness"
)

// Instances are ready when they answer, each has its own data, and none stays.
func TestInstances(t *testing.T) {
	w := newTeam(t)
	w.do("run", "--", "true").OK(t) // the nodes get the images
	for _, n := range []int{1, 4, 16} {
		began := time.Now()
		// All databases start at the same time, on however busy processors: a minute is not always enough for 16.
		list := instances(t, w.do("run", "--detach", "--number", fmt.Sprint(n), "--service-type", "NodePort", "--format", "json",
			"--wait-timeout", "300"))
		t.Logf("%d instances ready after %s", n, time.Since(began).Round(100*time.Millisecond))
		assert.Equal(t, len(list), n)
		for k, i := range list {
			i.Tracker().Answers(t)
			id := i.Tracker().Create(t, "TestProduct", "TestComponent", fmt.Sprintf("only in %d", k))
			assert.Equal(t, i.Tracker().Summary(t, id), fmt.Sprintf("only in %d", k))
		}
		on := map[string]int{}
		for _, i := range list {
			assert.Equal(t, i.Tracker().Bugs(t), 1)
			on[w.node(i.Name)]++
		}
		assert.Equal(t, len(on), min(n, 2), "all are on one node: %v", on)
		assert.Equal(t, len(strings.Fields(w.do("ps", "--quiet").OK(t).Stdout)), n)
		began = time.Now()
		w.do("stop", "--all").OK(t)
		t.Logf("%d instances gone after %s", n, time.Since(began).Round(100*time.Millisecond))
		w.leavesNothing()
	}
}

// A command reaches its instance at a forwarded address, and its exit code is that of run; other instances are there for
// each shard.
func TestCommand(t *testing.T) {
	w := newTeam(t)
	script := `curl -sf $BMO_URL/rest/version && curl -sf $BMO_URL/ | grep -q "$BMO_URL" && exit $((BMO_SHARD + 2))`
	r := w.do("run", "--number", "2", "--", "sh", "-c", script)
	r.Fails(t, 4, "shard 1 of 2 failed: exit code 3", "shard 2 of 2 failed: exit code 4")
	w.do("run", "--", "sh", "-c", "exit 3").Fails(t, 3, "last lines of the services:")
	w.do("run", "--", "/does/not/exist").Fails(t, 127, "command not found")
	w.leavesNothing()
}

// What can be asked of an instance: logs, events, exec, port, inspect.
func TestAsked(t *testing.T) {
	w := newTeam(t)
	i := instances(t, w.do("run", "--detach", "--name", "asked", "--publish", "db:3306", "--format", "json"))[0]
	assert.Equal(t, i.URL, "http://"+w.do("port", "asked", "web", "8000").OK(t).Text())
	assert.Assert(t, strings.HasSuffix(w.do("port", "asked", "db", "3306/tcp").OK(t).Text(), ":3306"))
	logs := w.do("logs", "asked").OK(t).Stdout
	assert.Assert(t, strings.Contains(logs, "ready for connections") && strings.Contains(logs, "starting at "+i.URL+"/"), logs)
	assert.Equal(t, len(strings.Split(w.do("logs", "--tail", "1", "--no-log-prefix", "asked", "web").OK(t).Text(), "\n")), 1)
	stamp := strings.Fields(w.do("logs", "--timestamps", "--no-log-prefix", "asked", "db").OK(t).Stdout)[0]
	_, err := time.Parse(time.RFC3339Nano, stamp)
	assert.NilError(t, err)
	events := w.do("events", "asked").OK(t).Stdout
	for _, want := range []string{"pod scheduled", "container create", "container start", "service=db"} {
		assert.Assert(t, strings.Contains(events, want), "no %q in:\n%s", want, events)
	}
	w.do("exec", "-T", "asked", "web", "sh", "-c", "exit 7").Fails(t, 7)
	w.do("exec", "-T", "asked", "web", "no-such-program").Fails(t, 127, "no-such-program")
	assert.Equal(t, w.do("exec", "-T", "-e", "A=b", "-w", "/tmp", "asked", "web", "sh", "-c", "echo $A; pwd").OK(t).Text(), "b\n/tmp")
	assert.Equal(t, w.do("exec", "-T", "asked", "web", "sh", "-c", "test -w /proc/sys/kernel/hostname; echo $?; cat /etc/hosts").OK(t).Text()[:1], "1")
	assert.Equal(t, w.do("inspect", "--format", "{{.State}} {{.Detached}} {{.Kubernetes.Namespace}}", "asked").OK(t).Text(), "running true "+w.namespace)
	w.do("inspect", "other").Fails(t, 1, "no such instance", "hint: ")
	w.do("stop", "--timeout", "5", "asked").OK(t)
	w.leavesNothing()
}

// In the foreground the address is shown and the logs are followed; Ctrl-C removes the instance.
func TestForeground(t *testing.T) {
	w := newTeam(t)
	p := w.start("run")
	p.Await(t, &p.Stdout, `http://127\.0\.0\.1:\d+\n`)
	harness.Tracker{URL: strings.TrimSpace(p.Stdout.String())}.Answers(t)
	p.Await(t, &p.Stderr, `web \| .*GET /rest/version`)
	assert.NilError(t, p.Signal(syscall.SIGINT))
	p.Wait(t).Fails(t, 130)
	w.leavesNothing()
}

// documented is after which time docs/kubernetes.md says that nothing is left of a client that was killed, and runs after
// which time nothing runs.
const documented, runs = 100 * time.Second, 65 * time.Second

// A client that is killed leaves nothing after the documented time, without anybody's help.
func TestClientIsKilled(t *testing.T) {
	w := newTeam(t)
	p := w.start("run", "--", "sh", "-c", "echo testing >&2; sleep 1000")
	p.Await(t, &p.Stderr, `testing\n`)
	time.Sleep(70 * time.Second) // longer than one deadline, so that it has been moved on
	assert.Assert(t, strings.Contains(w.left(), "pod/"), "the instance does not outlive its first deadline")
	assert.NilError(t, p.Signal(syscall.SIGKILL))
	killed := time.Now()
	p.Wait(t)
	var running time.Duration
	for left := w.left(); left != ""; left = w.left() {
		if running == 0 && !strings.Contains(left, "pod/") {
			running = time.Since(killed)
		}
		assert.Assert(t, time.Since(killed) < documented, "still there: %s", left)
		time.Sleep(time.Second)
	}
	t.Logf("the Pod was gone %s after the client was killed, everything %s", running.Round(time.Second), time.Since(killed).Round(time.Second))
	assert.Assert(t, running <= runs, "it ran for %s", running)
}

// A node that is killed takes its instances with it: the command against one is told and ended, ps says so of the other, and stop
// removes it.
func TestNodeIsKilled(t *testing.T) {
	w := newTeam(t)
	w.kubectl("cordon", "node-1")
	defer w.kubectl("uncordon", "node-1")
	w.do("run", "--detach", "--name", "alone").OK(t)
	p := w.start("run", "--name", "both", "--", "sh", "-c", "echo testing >&2; sleep 1000")
	p.Await(t, &p.Stderr, `testing\n`)
	w.kubectl("uncordon", "node-1")
	assert.Equal(t, w.node("alone")+" "+w.node("both"), "node-2 node-2")
	t.Cleanup(func() { w.nodes("start", "node-2") })
	w.nodes("kill", "node-2")
	killed := time.Now()
	p.Wait(t).Fails(t, 125, "is lost: its node node-2 does not answer")
	t.Logf("told and removed %s after the node was killed", time.Since(killed).Round(time.Second))
	r := w.do("ps", "--all", "--format", "{{.Name}} {{.State}} {{.Status}}").OK(t)
	assert.Assert(t, strings.Contains(r.Stdout, "exited Its node node-2 does not answer") || strings.Contains(r.Stdout, "exited Ending"), r.Stdout)
	began := time.Now()
	w.do("stop", "--all").OK(t)
	t.Logf("stopped in %s with the node gone", time.Since(began).Round(time.Second))
	w.leavesNothing()
	w.do("run", "--", "true").OK(t) // the other node goes on
}

// The Role of the documentation is enough, and without it each command says what it lacks.
func TestRights(t *testing.T) {
	w := newTeam(t)
	l := w.limited(true)
	l.do("run", "--", "sh", "-c", "curl -sf $BMO_URL/rest/version").OK(t)
	for _, kind := range []string{"ClusterIP", "NodePort"} {
		l.do("run", "--detach", "--name", "mine", "--service-type", kind).OK(t)
		l.do("ps").OK(t)
		l.do("inspect", "mine").OK(t)
		l.do("logs", "mine").OK(t)
		l.do("events", "mine").OK(t)
		l.do("port", "mine").OK(t)
		l.do("exec", "-T", "mine", "db", "true").OK(t)
		l.do("stop", "mine").OK(t)
	}
	w.leavesNothing()
	l.up(1, "--service-type", "NodePort")
	l.do("run", "--detach", "--service-type", "NodePort").OK(t)
	assert.Assert(t, strings.HasSuffix(l.ready(), "/1"), "the pool is not shown")
	l.pool("down", "--all").OK(t)
	l.do("stop", "--all").OK(t)
	harness.Until(t, "nothing is left", func() bool { return w.left() == "" })

	other := newTeam(t)
	none := other.limited(false)
	none.do("run", "--", "true").Fails(t, 125, "the cluster does not let you list jobs.batch in namespace "+other.namespace, "docs/kubernetes.md")
	none.do("ps").Fails(t, 1, "does not let you list jobs.batch")
	none.do("stop", "--all").Fails(t, 1, "does not let you list jobs.batch")
}

// The manifest that is printed is an instance for kubectl, and the other commands know it.
func TestManifest(t *testing.T) {
	w := newTeam(t)
	key := harness.BMO(t, append([]string{"build", "--stack", "demo", "--quiet"}, strings.Fields(os.Getenv("BMO_BUILD_ARGS"))...)...).OK(t).Text()
	r := harness.BMO(t, "config", "--stack", "demo", "--format", "kubernetes", "--snapshot", key, "--name", "applied").OK(t)
	file := filepath.Join(t.TempDir(), "applied.yaml")
	assert.NilError(t, os.WriteFile(file, []byte(r.Stdout), 0o600))
	w.kubectl("--namespace", w.namespace, "apply", "--filename", file)
	// kubectl waits for no Pod that is not there yet, and the Job makes it.
	harness.Until(t, "the Job makes its Pod", func() bool {
		return w.kubectl("--namespace", w.namespace, "get", "pods", "--output", "name", "--selector=docker-bmo.instance=applied") != ""
	})
	w.kubectl("--namespace", w.namespace, "wait", "pod", "--for=condition=Ready", "--selector=docker-bmo.instance=applied", "--timeout=120s")
	assert.Equal(t, w.do("ps", "--format", "{{.Name}} {{.State}} {{.URL}}").OK(t).Text(), "applied running http://docker-bmo-applied:8000")
	logs := w.do("logs", "applied", "web").OK(t).Stdout
	assert.Assert(t, strings.Contains(logs, "starting at http://docker-bmo-applied:8000/"), logs)
	w.do("stop", "applied").OK(t)
	w.leavesNothing()
}

// What goes wrong is said, with what to do, and leaves nothing.
func TestTrouble(t *testing.T) {
	w := newTeam(t)
	t.Run("no node", func(t *testing.T) {
		w.kubectl("cordon", "node-1", "node-2")
		defer w.kubectl("uncordon", "node-1", "node-2")
		w.do("run", "--wait-timeout", "5", "--", "true").Fails(t, 125, "the cluster has no node for", "2 node(s) were unschedulable", "hint: ")
		w.leavesNothing()
	})
	t.Run("quota", func(t *testing.T) {
		w.kubectl("--namespace", w.namespace, "create", "quota", "none", "--hard=pods=0")
		defer w.kubectl("--namespace", w.namespace, "delete", "quota", "none")
		w.do("run", "--", "true").Fails(t, 125, "the cluster does not let the Pod be made", "exceeded quota", "hint: ")
		w.leavesNothing()
	})
	t.Run("pod security", func(t *testing.T) {
		w.kubectl("label", "namespace", w.namespace, "pod-security.kubernetes.io/enforce=restricted")
		defer w.kubectl("label", "namespace", w.namespace, "pod-security.kubernetes.io/enforce-")
		w.do("run", "--", "true").Fails(t, 125, "the cluster does not let the Pod be made", "violates PodSecurity", "hint: ")
		w.leavesNothing()
	})
	t.Run("removed by somebody else", func(t *testing.T) {
		p := w.start("run", "--name", "taken", "--", "sh", "-c", "echo testing >&2; sleep 1000")
		p.Await(t, &p.Stderr, `testing\n`)
		w.kubectl("--namespace", w.namespace, "delete", "job", "docker-bmo-taken", "--wait=false")
		p.Wait(t).Fails(t, 125, "instance taken is gone", "hint: ")
		w.leavesNothing()
	})
	t.Run("a service is killed", func(t *testing.T) {
		p := w.start("run", "--name", "killed", "--", "sh", "-c", "echo testing >&2; sleep 5; exit 3")
		p.Await(t, &p.Stderr, `testing\n`)
		w.do("exec", "-T", "killed", "web", "sh", "-c", "kill -TERM 1")
		p.Wait(t).Fails(t, 125, "service web of instance killed ended with exit code")
		w.leavesNothing()
	})
	t.Run("name", func(t *testing.T) {
		w.do("run", "--detach", "--name", "twice").OK(t)
		w.do("run", "--name", "twice", "--", "true").Fails(t, 125, "an instance named twice is there already", "hint: ")
		w.do("stop", "twice").OK(t)
		w.do("run", "--name", "No_Good", "--", "true").Fails(t, 125, "invalid instance name", "hint: ")
		w.leavesNothing()
	})
	t.Run("context", func(t *testing.T) {
		harness.BMO(t, "ps", "--on", "kubernetes://nowhere").Fails(t, 125, `the kubeconfig has no context "nowhere"`, "hint: ")
		config := filepath.Join(t.TempDir(), "kubeconfig")
		text := regexp.MustCompile(`server: .*`).ReplaceAllString(w.kubectl("config", "view", "--raw", "--flatten"), "server: https://127.0.0.1:9")
		assert.NilError(t, os.WriteFile(config, []byte(text), 0o600))
		harness.CLI{Env: []string{"KUBECONFIG=" + config}}.Run(t, "ps", "--on", "kubernetes").Fails(t, 125, "cannot be reached", "hint: ")
	})
}

// What is wrong with a stack on a cluster shows on the cluster: memory that does not suffice, a service that ends, a port that two
// listen on.
func TestStacksThatFail(t *testing.T) {
	w := newTeam(t)
	run := func(a *harness.App, flavor string) harness.Result {
		words := append([]string{"run", "--on", w.on(), "--stack", a.Dir, "--flavor", flavor}, strings.Fields(os.Getenv("BMO_BUILD_ARGS"))...)
		return a.CLI.Run(t, append(words, "--", "true")...)
	}
	t.Setenv("DOCKER_BMO_REPOSITORY", os.Getenv("BMO_KUBERNETES_REGISTRY")+"/e2e/mini")
	a := harness.CopyMini(t, t.TempDir(), "bmo-e2e-kubernetes", harness.Edits{"services.web.x-bmo.flavors": map[string]any{
		"huge":   map[string]any{"mem_limit": "100g"},
		"hungry": map[string]any{"mem_limit": "32m", "command": []string{"bash", "-c", `x=$(head -c 100m /dev/zero | tr '\0' x); sleep 100`}},
		"broken": map[string]any{"command": []string{"bash", "-c", "echo cannot >&2; exit 3"}},
		"slow":   map[string]any{"command": []string{"sleep", "100"}},
	}})
	run(a, "low").OK(t)
	run(a, "huge").Fails(t, 125, "the cluster has no node for", "Insufficient memory", "hint: ")
	run(a, "hungry").Fails(t, 125, "out of memory", "its limit of 32 MB", "hint: ")
	run(a, "broken").Fails(t, 125, "service web: ended with exit code 3 before it was ready", "cannot")
	a.Edit(t, harness.Edits{"services.web.x-bmo.ready.timeout": "5s"})
	run(a, "slow").Fails(t, 124, "service web: not ready after 5", "hint: ")
	a.Edit(t, harness.Edits{"services.other": map[string]any{"image": "debian:trixie-slim", "ports": []string{"8000"}}})
	run(a, "low").Fails(t, 125, "it listens on port 8000, as", "hint: ")
	w.leavesNothing()
}
