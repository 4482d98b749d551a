package kube

import (
	"context"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/kube/kubetest"
	"github.com/docker-bmo/docker-bmo/stack"
)

// TestRole: the Role of the documentation has the rights that are used, and no others.
func TestRole(t *testing.T) {
	text, err := os.ReadFile("../docs/kubernetes.md")
	assert.NilError(t, err)
	_, rest, ok := strings.Cut(string(text), "```yaml\n")
	assert.Assert(t, ok)
	block, _, _ := strings.Cut(rest, "```")
	var role struct {
		Rules []struct{ Resources, Verbs []string }
	}
	assert.NilError(t, yaml.Unmarshal([]byte(block), &role))
	granted := map[string]bool{}
	for _, rule := range role.Rules {
		for _, resource := range rule.Resources {
			for _, verb := range rule.Verbs {
				granted[verb+" "+resource] = true
			}
		}
	}

	c, fake := newCluster(t, programs())
	r := request(shop())
	r.Detach, r.ServiceType = true, "LoadBalancer"
	r.Stack.Start = []stack.Step{{Service: "web", Command: []string{"warm"}, Exec: true}}
	i := startShop(t, c, r)
	c.Sweep(t.Context(), func(err error) { t.Error(err) })
	_, err = c.List(t.Context())
	assert.NilError(t, err)
	assert.NilError(t, c.Logs(t.Context(), "shop-1", []string{"db"}, LogQuery{Tail: -1}, func(Line) {}))
	from, err := c.Events(t.Context(), i, func(Event) {})
	assert.NilError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	assert.ErrorIs(t, c.FollowEvents(ctx, i, from, func(Event) {}), context.DeadlineExceeded)
	assert.NilError(t, c.Remove(t.Context(), "shop-1", time.Second))
	p := &pooling{c, t, fake}
	p.keep(1)
	p.fill()
	assert.Equal(t, p.take().Pool, poolOfShop)
	p.fill()
	assert.NilError(t, c.UsePool(t.Context(), *p.pool()))
	assert.NilError(t, c.EndPool(t.Context(), poolOfShop))
	for what := range fake.Asked() {
		assert.Check(t, granted[what], "the Role does not grant %q", what)
		delete(granted, what)
	}
	assert.Check(t, len(granted) == 0, "nothing needs %v", granted)
}

func TestOpen(t *testing.T) {
	fake := kubetest.New(t, nil)
	config := fake.Kubeconfig()
	_, err := Open(Config{Files: []string{config}, Context: "prod"})
	assert.ErrorContains(t, err, `the kubeconfig has no context "prod"`)
	assert.DeepEqual(t, hint.All(err), []string{"its contexts are test"})
	c, err := Open(Config{Files: []string{"/does/not/exist", config}, Namespace: "other"})
	assert.NilError(t, err)
	assert.Equal(t, c.String(), "kubernetes://test/other")
	_, err = Open(Config{Files: []string{"/does/not/exist"}})
	assert.ErrorContains(t, err, "there is no kubeconfig: looked for /does/not/exist")
	bad := t.TempDir() + "/bad"
	assert.NilError(t, os.WriteFile(bad, []byte("{"), 0o600))
	_, err = Open(Config{Files: []string{bad}})
	assert.ErrorContains(t, err, "kubeconfig: ")
}

// TestSweep: only a Service that a start has left a while ago is removed.
func TestSweep(t *testing.T) {
	c, fake := newCluster(t, programs())
	r := request(shop())
	r.Detach, r.Owner = true, "me"
	fake.Fail("create jobs", 1, http.StatusInternalServerError, metav1.StatusReasonInternalError, "killed")
	fake.Fail("delete services", 1, http.StatusInternalServerError, metav1.StatusReasonInternalError, "killed")
	_, err := c.Start(t.Context(), r)
	assert.ErrorContains(t, err, "killed")
	assert.DeepEqual(t, fake.Names(), []string{"services/docker-bmo-shop-1"})
	c.Sweep(t.Context(), func(err error) { t.Error(err) })
	assert.Equal(t, len(fake.Names()), 1, "it may be of a start that is under way")
	orphanTime = 0
	t.Cleanup(func() { orphanTime = 15 * time.Minute })
	c.Sweep(t.Context(), func(err error) { t.Error(err) })
	assert.Equal(t, len(fake.Names()), 0)
}
