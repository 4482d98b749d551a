package build

import (
	"testing"

	gateway "github.com/moby/buildkit/frontend/gateway/client"
	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/contexts"
	"github.com/docker-bmo/docker-bmo/stack"
)

// built is a stack of one service with that build, and its contexts.
func built(t *testing.T, services ...stack.Service) Request {
	t.Helper()
	st := &stack.Stack{Name: "app", Dir: t.TempDir(), Services: services}
	res, err := contexts.Load(t.Context(), st, contexts.Options{})
	assert.NilError(t, err)
	return Request{Stack: st, Contexts: res}
}

// TestBuildKeysReachTheFrontend: as buildx sends them.
func TestBuildKeysReachTheFrontend(t *testing.T) {
	s := stack.Service{Name: "web", Build: &stack.Build{
		DockerfileInline: "FROM scratch", ExtraHosts: []string{"db:10.0.0.1", "six:[::1]", "host:host-gateway"}, Network: "host",
		ShmSize: 1 << 20, Ulimits: map[string]stack.Ulimit{"nproc": {Soft: 1, Hard: 2}, "nofile": {Soft: 3, Hard: 3}},
		Labels: map[string]string{"org.example": "1"}, Entitlements: []string{"security.insecure"},
	}}
	r := built(t, s)
	got := r.attrs(s)
	for k, want := range map[string]string{
		"add-hosts": "db=10.0.0.1,six=::1,host=host-gateway", "force-network-mode": "host", "shm-size": "1048576",
		"ulimit": "nofile=3:3,nproc=1:2", "label:org.example": "1",
	} {
		assert.Equal(t, got[k], want, k)
	}
	assert.DeepEqual(t, r.entitlements(s), []string{"network.host", "security.insecure"})
	resolveGateway(got, []gateway.WorkerInfo{{Labels: map[string]string{gatewayLabel: "172.17.0.1"}}})
	assert.Equal(t, got["add-hosts"], "db=10.0.0.1,six=::1,host=172.17.0.1")
}

// TestProxiesAreBuildArguments: those that somebody gives go first, an empty one, too.
func TestProxiesAreBuildArguments(t *testing.T) {
	s := stack.Service{Name: "web", Build: &stack.Build{DockerfileInline: "FROM scratch", Args: map[string]string{"NO_PROXY": ""}}}
	r := built(t, s)
	r.Args = map[string]string{"HTTPS_PROXY": "given"}
	r.Proxies = map[string]string{"HTTP_PROXY": "p", "HTTPS_PROXY": "p", "NO_PROXY": "p"}
	got := r.attrs(s)
	assert.Equal(t, got["build-arg:HTTP_PROXY"], "p")
	assert.Equal(t, got["build-arg:HTTPS_PROXY"], "given")
	assert.Equal(t, got["build-arg:NO_PROXY"], "")
}

// TestOtherSecretsAreAnotherBuild: what RUN makes of them may differ.
func TestOtherSecretsAreAnotherBuild(t *testing.T) {
	service := func(name, variable string) stack.Service {
		return stack.Service{Name: name, Build: &stack.Build{
			DockerfileInline: "FROM scratch", Secrets: map[string]stack.Content{"token": {Variable: variable}},
		}}
	}
	assert.DeepEqual(t, groups(built(t, service("a", "A"), service("b", "B"), service("c", "A"))), []string{"a+c", "b"})
}

// TestImageOfAnotherServiceAsContext: with what that one may use, and in the attributes by the frontend's name.
func TestImageOfAnotherServiceAsContext(t *testing.T) {
	base := stack.Service{Name: "base", Build: &stack.Build{
		DockerfileInline: "FROM scratch", Network: "host", Secrets: map[string]stack.Content{"token": {Inline: "x"}},
	}}
	web := stack.Service{Name: "web", Build: &stack.Build{
		DockerfileInline: "FROM base", AdditionalContexts: map[string]string{"base": "service:base"},
	}}
	r := built(t, base, web)
	attrs := r.attrs(web)
	assert.Equal(t, attrs["context:base"], "input:base")
	assert.DeepEqual(t, used(attrs), []string{"base"})
	assert.Equal(t, r.Contexts.Remote["service/web/base"], "service:base") // a part of the key
	assert.DeepEqual(t, r.entitlements(web), []string{"network.host"})
	assert.Equal(t, len(r.builds(web)), 2)
}

// TestImageThatAnotherServiceBuilds: Compose uses that build, too.
func TestImageThatAnotherServiceBuilds(t *testing.T) {
	r := built(t,
		stack.Service{Name: "migrate", Image: "docker.io/library/shop:latest"},
		stack.Service{Name: "web", Image: "shop", Build: &stack.Build{DockerfileInline: "FROM scratch", Target: "x"}},
		stack.Service{Name: "other", Image: "shop:2"},
	)
	assert.DeepEqual(t, groups(r), []string{"migrate+web", "other"})
}
