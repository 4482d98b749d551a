package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/engine/enginetest"
	"github.com/docker-bmo/docker-bmo/kube/kubetest"
)

// clusterPrograms serve what the probes of the shop check, and run commands that do what they are called.
func clusterPrograms() map[string]kubetest.Program {
	return map[string]kubetest.Program{
		"db": func(p *kubetest.Process) int {
			p.Print("db: ready")
			p.Listen(3306, enginetest.Silent)
			return p.UntilKilled()
		},
		"web": func(p *kubetest.Process) int {
			p.Print("web: listening")
			p.Listen(8000, func(c net.Conn) { enginetest.HTTP(enginetest.Answer(http.StatusOK, "1.0"))(c) })
			p.Exec(func(words []string, stdin io.Reader, stdout, _ io.Writer) int {
				_, _ = io.Copy(stdout, stdin)
				_, _ = fmt.Fprintln(stdout, strings.Join(words, " "))
				return len(words) - 1
			})
			return p.UntilKilled()
		},
	}
}

// TestOnKubernetes: the commands work on a cluster as on an engine, and what they print is the same.
func TestOnKubernetes(t *testing.T) {
	x := newTerminal(t)
	cluster := kubetest.New(t, clusterPrograms())
	t.Setenv("KUBECONFIG", cluster.Kubeconfig())
	repository, _ := newRepository(t)
	s := x.current()
	on := func(verb string, words ...string) int {
		t.Helper()
		return x.run(append([]string{verb, "--on", "kubernetes"}, words...)...)
	}

	assert.Equal(t, on("run", "-d", "--stack", x.file), exitEngine)
	assert.Assert(t, strings.Contains(x.err, "no repository is named"), x.err)
	t.Setenv("DOCKER_BMO_REPOSITORY", repository)
	assert.Equal(t, on("run", "-d", "--stack", x.file, "--name", "shop-1", "--progress", "quiet"), 0, x.err)
	assert.Equal(t, x.out, "shop-1\n")
	assert.Equal(t, x.err, "shop-1 is ready at http://10.96.0.7:8000\n")

	assert.Equal(t, on("ps", "--format", "{{.Name}} {{.Stack}} {{.Snapshot}} {{.State}} {{.URL}}"), 0, x.err)
	assert.Equal(t, x.out, "shop-1 shop "+s.Key[:12]+" running http://10.96.0.7:8000\n")
	assert.Equal(t, on("inspect", "--format", "{{.Name}} {{.Kubernetes.Namespace}} {{.Kubernetes.Node}}", "shop-1"), 0, x.err)
	assert.Equal(t, x.out, "shop-1 team node\n")
	assert.Equal(t, on("port", "shop-1"), 0, x.err)
	assert.Equal(t, x.out, "web 8000/tcp -> 10.96.0.7:8000\n")
	assert.Equal(t, on("logs", "shop-1", "db"), 0, x.err)
	assert.Equal(t, x.out, "db | db: ready\n")
	assert.Equal(t, on("logs", "shop-1", "cron"), 1)
	assert.Assert(t, strings.Contains(x.err, `instance shop-1 has no service "cron"`), x.err)
	assert.Equal(t, on("logs", "--last"), 1)
	assert.Assert(t, strings.Contains(x.err, "a cluster keeps no record"), x.err)
	cluster.Event("Pod", cluster.Pod().Name, "spec.containers{web}", "Started", "Started container web")
	assert.Equal(t, on("events", "--format", "{{.Type}} {{.Action}} {{.Service}}", "shop-1"), 0, x.err)
	assert.Equal(t, x.out, "container start web\n")
	assert.Equal(t, on("exec", "-T", "shop-1", "web", "say", "it"), 1)
	assert.Equal(t, x.out, "say it\n")
	assert.Equal(t, on("exec", "-T", "shop-1", "db", "nope"), 127)
	assert.Equal(t, on("exec", "--user", "root", "shop-1", "web", "true"), 1)
	assert.Assert(t, strings.Contains(x.err, "--user, --privileged, --detach and --detach-keys are for an engine"), x.err)
	assert.Equal(t, on("stop", "shop-1", "shop-2"), 1)
	assert.Equal(t, x.out, "shop-1\n")
	assert.Assert(t, strings.Contains(x.err, "no such instance on kubernetes://test/team: shop-2"), x.err)
	assert.Equal(t, len(cluster.Names()), 0, "%v", cluster.Names())
}

// TestCommandOnKubernetes: the exit code is the command's own, or says that it is not, and nothing stays; no engine is asked when
// the repository has the snapshot.
func TestCommandOnKubernetes(t *testing.T) {
	x := newTerminal(t)
	cluster := kubetest.New(t, clusterPrograms())
	t.Setenv("KUBECONFIG", cluster.Kubeconfig())
	repository, _ := newRepository(t)
	t.Setenv("DOCKER_BMO_REPOSITORY", repository)
	x.current()
	run := func(words ...string) int {
		t.Helper()
		code := x.run(append([]string{"run", "--on", "kubernetes://test/team", "--stack", x.file, "--progress", "quiet"}, words...)...)
		assert.Equal(t, len(cluster.Names()), 0, "%v", cluster.Names())
		return code
	}
	assert.Equal(t, run("--", "sh", "-c", "exit 3"), 3, x.err)
	assert.Assert(t, strings.Contains(x.err, "last lines of the services:") && strings.Contains(x.err, "web | web: listening"), x.err)
	requests := len(x.Requests())
	assert.Equal(t, run("-n", "2", "--", "sh", "-c", "exit $BMO_SHARD"), 2, x.err)
	for _, r := range x.Requests()[requests:] {
		assert.Assert(t, strings.Contains(fmt.Sprint(r), "_ping") || strings.Contains(fmt.Sprint(r), "/info") || strings.Contains(fmt.Sprint(r), "/version"), "%v", r)
	}
	assert.Equal(t, run("--", "/does/not/exist"), 127)

	cluster.Fail("create jobs", 1, http.StatusForbidden, "Forbidden", "jobs.batch is forbidden")
	assert.Equal(t, run("--", "true"), exitEngine)
	assert.Assert(t, strings.Contains(x.err, "the cluster does not let you create jobs.batch in namespace team: jobs.batch is forbidden"), x.err)
	assert.Assert(t, strings.Contains(x.err, "hint: docs/kubernetes.md has the Role"), x.err)
	for _, bad := range [][]string{
		{"--live"},
		{"--report", "page.html"},
		{"--context", "a,b", "--", "true"},
		{"--service-type", "ClusterIP"},
		{"-d", "--service-type", "Ingress"},
		{"--name", "No_Good", "-d"},
		{"--flavor", "none", "-d"},
	} {
		assert.Equal(t, run(bad...), exitEngine, "%v: %s", bad, x.err)
	}
	assert.Equal(t, x.run("run", "--on", "swarm", "--", "true"), exitEngine)
	assert.Assert(t, strings.Contains(x.err, `invalid --on "swarm"`), x.err)
	assert.Equal(t, x.run("run", "--service-type", "NodePort", "-d"), exitEngine)
}

// TestPoolOnKubernetes: a pool is made, listed, shown as what waits, taken from, filled and ended.
func TestPoolOnKubernetes(t *testing.T) {
	x := newTerminal(t)
	cluster := kubetest.New(t, clusterPrograms())
	t.Setenv("KUBECONFIG", cluster.Kubeconfig())
	repository, _ := newRepository(t)
	t.Setenv("DOCKER_BMO_REPOSITORY", repository)
	s := x.current()
	pool := func(verb string, words ...string) int {
		t.Helper()
		return x.run(append([]string{"pool", verb, "--on", "kubernetes"}, words...)...)
	}
	assert.Equal(t, pool("up", "--stack", x.file, "--size", "1", "--progress", "quiet"), 0, x.err)
	id := strings.TrimSpace(x.out)
	assert.Equal(t, x.err, "pool "+id+" of shop has 1 of 1 instances ready\n")
	assert.Equal(t, pool("ls", "--format", "{{.ID}} {{.Stack}} {{.Flavor}} {{.Snapshot}} {{.Ready}}"), 0, x.err)
	assert.Equal(t, x.out, id+" shop low "+s.Key[:12]+" 1/1\n")
	assert.Equal(t, x.run("pool", "ls", "--quiet"), 0, x.err)
	assert.Equal(t, x.out, "", "of the engine")
	assert.Assert(t, slices.Contains(x.offered("pool", "down", "--on", "kubernetes", ""), id))
	assert.Equal(t, x.run("ps", "--on", "kubernetes", "--all", "--format", "{{.State}} {{.Status}}"), 0, x.err)
	assert.Assert(t, strings.HasPrefix(x.out, "paused Up ") && strings.HasSuffix(x.out, " (Waiting)\n"), x.out)
	assert.Equal(t, pool("fill", "--quiet", "--stack", x.file, "--pool", id), 0, x.err)
	assert.Equal(t, pool("down", "ffffffffffff"), 1)
	assert.Assert(t, strings.Contains(x.err, "no such pool: ffffffffffff"), x.err)
	assert.Equal(t, pool("down", id), 0, x.err)
	assert.Equal(t, x.out, id+"\n")
	assert.Equal(t, len(cluster.Names()), 0, "%v", cluster.Names())
	assert.Equal(t, x.run("pool", "up", "--stack", x.file, "--service-type", "NodePort"), 1)
	assert.Assert(t, strings.Contains(x.err, "--service-type is for instances on a cluster"), x.err)
	assert.Equal(t, x.run("pool", "up", "--on", "swarm"), 1)
	assert.Assert(t, strings.Contains(x.err, `invalid --on "swarm"`), x.err)
}

// TestSignedForKubernetes: what has to be pushed for a cluster is attested and signed like any other push.
func TestSignedForKubernetes(t *testing.T) {
	x := newTerminal(t)
	cluster := kubetest.New(t, clusterPrograms())
	t.Setenv("KUBECONFIG", cluster.Kubeconfig())
	t.Setenv("COSIGN_PASSWORD", "of-the-tests")
	repository, _ := newRepository(t)
	s := x.current()
	run := func(words ...string) int {
		t.Helper()
		return x.run(append([]string{"run", "--stack", x.file, "--repository", repository, "--progress", "quiet"}, words...)...)
	}
	assert.Equal(t, run("--sign", privateKey, "--", "true"), exitEngine)
	assert.Assert(t, strings.Contains(x.err, "--sbom are for what is pushed, as with --on kubernetes"), x.err)
	assert.Equal(t, run("--on", "kubernetes", "--sign", publicKey, "--", "true"), exitEngine)
	assert.Assert(t, strings.Contains(x.err, "it is a public key"), x.err)
	assert.Equal(t, run("--on", "kubernetes", "--sign", privateKey, "--", "true"), 0, x.err)
	inspect := []string{"snapshot", "inspect", "--repository", repository, "--format", "{{.Signatures}} {{range .Attestations}}{{.Predicates}}{{end}}"}
	assert.Equal(t, x.run(append(inspect, s.Key)...), 0, x.err)
	assert.Assert(t, strings.HasPrefix(x.out, "1 [https://slsa.dev/provenance/v1 https://github.com/docker-bmo/docker-bmo/snapshot/v1]"), x.out)
	assert.Equal(t, run("--on", "kubernetes", "--verify", publicKey, "--", "true"), 0, x.err)
}

func TestManifestOfConfig(t *testing.T) {
	x := newTerminal(t)
	repository, _ := newRepository(t)
	s := x.current()
	assert.Equal(t, x.run("config", "--stack", x.file, "--format", "kubernetes"), 0, x.err)
	assert.Assert(t, strings.Contains(x.err, "note: no repository is named") && strings.Contains(x.out, "SNAPSHOT-IMAGE-OF-web"), x.err)
	assert.Equal(t, x.run("config", "--stack", x.file, "--format", "kubernetes", "--repository", repository), 0, x.err)
	assert.Assert(t, strings.Contains(x.err, "note: the repository has no snapshot of these inputs"), x.err)
	assert.Equal(t, x.run("push", "--stack", x.file, "--quiet", repository), 0, x.err)
	assert.Equal(t, x.run("config", "--stack", x.file, "--format", "kubernetes", "--repository", repository, "--name", "mine"), 0, x.err)
	assert.Equal(t, x.err, "")
	assert.Assert(t, strings.Contains(x.out, "image: "+repository+"@sha256:") && strings.Contains(x.out, "name: docker-bmo-mine"), x.out)
	byKey := []string{"config", "--stack", x.file, "--format", "kubernetes", "--repository", repository, "--name", "mine", "--snapshot", s.Key[:12]}
	before := x.out
	assert.Equal(t, x.run(byKey...), 0, x.err)
	assert.Equal(t, x.out, before)
	assert.Equal(t, x.run("config", "--stack", x.file, "--name", "mine"), 1)
	assert.Assert(t, strings.Contains(x.err, "are for --format kubernetes"), x.err)
	assert.Assert(t, slices.Contains(x.offered("config", "--stack", x.file, "--service-type", ""), "NodePort"))
	assert.Assert(t, slices.Contains(x.offered("ps", "--on", ""), "kubernetes"))
}
