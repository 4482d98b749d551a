package kubernetes

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/e2e/harness"
)

func TestMain(m *testing.M) { os.Exit(run(m)) }

// run runs the tests with the plugin as it is in the source.
func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "bmo-e2e-kubernetes-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	env, err := harness.Plugin(dir, "under-test")
	if err != nil {
		panic(err)
	}
	for name, value := range env {
		_ = os.Setenv(name, value)
	}
	return m.Run()
}

// team is a namespace of its own, in which a test has its instances.
type team struct {
	t         *testing.T
	namespace string
	cli       harness.CLI
	// Config is a kubeconfig in place of the cluster's, for somebody with fewer rights.
	config string
}

// built makes the demo's snapshot and pushes it, once.
var built = sync.OnceValues(func() (string, error) {
	words := append([]string{"bmo", "build", "--stack", "demo", "--push", "--quiet"}, strings.Fields(os.Getenv("BMO_BUILD_ARGS"))...)
	out, err := exec.Command("docker", words...).CombinedOutput()
	return string(out), err
})

func newTeam(t *testing.T) *team {
	t.Helper()
	for _, name := range []string{"KUBECONFIG", "BMO_KUBERNETES", "BMO_KUBERNETES_REGISTRY"} {
		assert.Assert(t, os.Getenv(name) != "", "%s is not set: make e2e-kubernetes", name)
	}
	t.Setenv("DOCKER_BMO_REPOSITORY", os.Getenv("BMO_KUBERNETES_REGISTRY")+"/e2e/demo")
	out, err := built()
	assert.NilError(t, err, out)
	w := &team{t: t, namespace: fmt.Sprintf("bmo-%d", time.Now().UnixNano())}
	w.kubectl("create", "namespace", w.namespace)
	t.Cleanup(func() { w.kubectl("delete", "namespace", w.namespace, "--wait=false") })
	return w
}

func (w *team) on() string { return "kubernetes:///" + w.namespace }

// kubectl asks the cluster as its administrator.
func (w *team) kubectl(words ...string) string {
	w.t.Helper()
	out, err := exec.Command("kubectl", words...).CombinedOutput()
	assert.NilError(w.t, err, "kubectl %s: %s", strings.Join(words, " "), out)
	return strings.TrimSpace(string(out))
}

// start begins a command of docker bmo on the namespace.
func (w *team) start(verb string, words ...string) *harness.Process {
	w.t.Helper()
	cli := w.cli
	if w.config != "" {
		cli.Env = append(cli.Env, "KUBECONFIG="+w.config)
	}
	args := []string{verb, "--on", w.on()}
	if verb == "run" {
		args = append(args, "--stack", "demo")
		args = append(args, strings.Fields(os.Getenv("BMO_BUILD_ARGS"))...)
	}
	return cli.Start(w.t, append(args, words...)...)
}

func (w *team) do(verb string, words ...string) harness.Result {
	w.t.Helper()
	return w.start(verb, words...).Wait(w.t)
}

// instances parses what run --format json has printed.
func instances(t *testing.T, r harness.Result) (list []*harness.Instance) {
	t.Helper()
	for line := range strings.Lines(r.OK(t).Stdout) {
		i := &harness.Instance{}
		assert.NilError(t, json.Unmarshal([]byte(line), i), line)
		list = append(list, i)
	}
	return list
}

// left is what there is in the namespace of instances.
func (w *team) left() string {
	w.t.Helper()
	return w.kubectl("--namespace", w.namespace, "get", "jobs,pods,services,secrets,configmaps,leases", "--output", "name", "--selector",
		"app.kubernetes.io/managed-by=docker-bmo")
}

func (w *team) leavesNothing() {
	w.t.Helper()
	assert.Equal(w.t, w.left(), "")
}

// node returns the node that an instance is on.
func (w *team) node(name string) string {
	w.t.Helper()
	return w.do("inspect", "--format", "{{.Kubernetes.Node}}", name).OK(w.t).Text()
}

// nodes runs the program that kills and starts nodes.
func (w *team) nodes(words ...string) {
	w.t.Helper()
	out, err := exec.Command(os.Getenv("BMO_KUBERNETES"), words...).CombinedOutput()
	assert.NilError(w.t, err, string(out))
}

// limited returns the same namespace as somebody sees it who has the Role of the documentation, and nothing else; without the
// Role, nothing.
func (w *team) limited(role bool) *team {
	w.t.Helper()
	w.kubectl("--namespace", w.namespace, "create", "serviceaccount", "tester")
	if role {
		text, err := os.ReadFile("../../docs/kubernetes.md")
		assert.NilError(w.t, err)
		_, rest, _ := strings.Cut(string(text), "```yaml\n")
		block, _, _ := strings.Cut(rest, "```")
		file := filepath.Join(w.t.TempDir(), "role.yaml")
		assert.NilError(w.t, os.WriteFile(file, []byte(block), 0o600))
		w.kubectl("--namespace", w.namespace, "apply", "--filename", file)
		w.kubectl("--namespace", w.namespace, "create", "rolebinding", "tester", "--role", "docker-bmo", "--serviceaccount", w.namespace+":tester")
	}
	token := w.kubectl("--namespace", w.namespace, "create", "token", "tester")
	config := filepath.Join(w.t.TempDir(), "kubeconfig")
	assert.NilError(w.t, os.WriteFile(config, []byte(w.kubectl("config", "view", "--raw", "--flatten", "--minify")), 0o600))
	w.kubectl("--kubeconfig", config, "config", "set-credentials", "tester", "--token", token)
	w.kubectl("--kubeconfig", config, "config", "set-context", "--current", "--user", "tester")
	return &team{t: w.t, namespace: w.namespace, config: config}
}
