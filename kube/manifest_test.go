package kube

import (
	"io/fs"
	"strings"
	"testing"
	"time"

	"gotest.tools/v3/assert"
	"gotest.tools/v3/golden"

	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/snapshot"
	"github.com/docker-bmo/docker-bmo/stack"
)

// shop is a stack with everything that a Pod has something for.
func shop() *stack.Stack {
	st := &stack.Stack{Name: "shop", Services: []stack.Service{
		{
			Name: "db", Image: "mysql:9", Environment: map[string]string{"MYSQL_USER": "shop", "MYSQL_PASSWORD": "$(secret)"},
			Tmpfs: []string{"/tmp:size=64m"}, MemLimit: 512 << 20, Hostname: "database", Aliases: []string{"mysql"},
			Ready:   stack.Ready{MySQL: &stack.MySQL{Port: 3306, User: "shop", Password: "$(secret)", Database: "shop", Query: "SELECT 1"}},
			Flavors: map[string]stack.Flavor{"regular": {Command: []string{"--big"}, MemLimit: 1 << 30}},
		},
		{Name: "cache_1", Image: "memcached", Ready: stack.Ready{TCP: &stack.TCP{Port: 11211}}, ShmSize: 1 << 20},
		{
			Name: "web", Image: "shop", DependsOn: []string{"db"}, Command: []string{"serve", "$HOME", "$(date)"}, User: "1000:100", WorkingDir: "/app",
			Ports: []int{8000},
			Ready: stack.Ready{HTTP: &stack.HTTP{Port: 8000, Path: "/health", MinStatus: 200, MaxStatus: 399, Body: "fine"}, Timeout: 90 * time.Second},
			Files: []stack.File{{Name: "key", Secret: true, Target: "/run/secrets/key", Source: stack.Content{Inline: "sesame"}, Mode: 0o400}},
			Settings: stack.Settings{
				CapAdd: []string{"CAP_SYS_PTRACE"}, ReadOnly: true, CPUs: 1.5, ExtraHosts: []string{"api.test:10.9.8.7"}, DNSSearch: []string{"test"},
				Sysctls: map[string]string{"net.ipv4.ip_unprivileged_port_start": "0"}, GroupAdd: []string{"44"}, MemReservation: 64 << 20,
			},
		},
	}}
	st.URL = stack.URL{Service: "web", Port: 8000, Path: "/shop", Environment: map[string]string{"SHOP_URL": "{{.URL}}/", "SHOP_HOST": "{{.Host}}:{{.Port}}"}}
	st.Start = []stack.Step{{Service: "web", Command: []string{"migrate"}, Environment: map[string]string{"AT": "{{.URL}}"}}}
	return st
}

var when = time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)

func request(st *stack.Stack) Request {
	images := map[string]Image{}
	for _, s := range st.Services {
		images[s.Name] = Image{Reference: "registry.example/shop@sha256:" + s.Name}
	}
	return Request{Stack: st, Name: "shop-1", Snapshot: snapshot.Snapshot{Key: strings.Repeat("ab", 32)}, Images: images}
}

func TestManifest(t *testing.T) {
	r := request(shop())
	r.Pull = Credentials{Registry: "registry.example", Username: "me", Password: "secret"}
	text, notes, err := Manifest(r, when)
	assert.NilError(t, err)
	assert.Equal(t, len(notes), 0)
	golden.Assert(t, string(text), "manifest.yaml")
}

func TestManifestOfFlavorAndNodePort(t *testing.T) {
	st := shop()
	st.Start = append(st.Start, stack.Step{Service: "web", Command: []string{"warm", "up"}, Exec: true})
	r := request(st)
	r.Flavor, r.ServiceType = "regular", "NodePort"
	text, notes, err := Manifest(r, when)
	assert.NilError(t, err)
	assert.DeepEqual(t, notes, []string{"step 2 of the start is not in the manifest: run `warm up` in the container web when it is ready"})
	assert.Assert(t, strings.Contains(string(text), "- --big") && strings.Contains(string(text), "memory: 1Gi"))
	assert.Assert(t, strings.Contains(string(text), "type: NodePort"))
}

// TestShape: who is waited for is a sidecar, but for one that is only waited for by a service that does so itself.
func TestShape(t *testing.T) {
	st := &stack.Stack{Services: []stack.Service{{Name: "db"}, {Name: "cache"}, {Name: "web", DependsOn: []string{"db", "cache"}}}}
	assert.DeepEqual(t, shapeOf(st, "low").sidecars, map[string]bool{"db": true, "cache": true})
	st.Services[2].Early = true
	assert.DeepEqual(t, shapeOf(st, "low").sidecars, map[string]bool{})
	st.Start = []stack.Step{{Service: "web"}}
	assert.DeepEqual(t, shapeOf(st, "low").sidecars, map[string]bool{"db": true, "cache": true})
	st.Start = nil
	st.Services = append(st.Services, stack.Service{Name: "proxy", DependsOn: []string{"web"}})
	assert.DeepEqual(t, shapeOf(st, "low").sidecars, map[string]bool{"db": true, "cache": true, "web": true})
}

// TestCheck: what a Pod cannot bear is refused with the reason.
func TestCheck(t *testing.T) {
	assert.NilError(t, Check(shop(), "low"))
	for _, tc := range []struct {
		want   string
		change func(st *stack.Stack)
	}{
		{"it listens on port 8000, as cache_1 does", func(st *stack.Stack) { st.Services[1].Ports = []int{8000} }},
		{"its container would be called \"web\", as that of \"WEB\"", func(st *stack.Stack) { st.Services[1].Name = "WEB" }},
		{"resolves no name \"my_db\"", func(st *stack.Stack) { st.Services[0].Name = "my_db"; st.Services[2].DependsOn = []string{"my_db"} }},
		{"a step of the start runs in it", func(st *stack.Stack) { st.Start = []stack.Step{{Service: "db", Exec: true}} }},
		{"runs as app", func(st *stack.Stack) { st.Start[0].User = "app" }},
		{"runs as 1000", func(st *stack.Stack) { st.Start[0].User, st.Start[0].Exec = "1000", true }},
		{"devices: ", func(st *stack.Stack) { st.Services[0].Settings.Devices = []stack.Device{{Source: "/dev/fuse"}} }},
		{"gpus: ", func(st *stack.Stack) { st.Services[0].Settings.GPUs = []stack.GPU{{Count: 1}} }},
		{"runtime: ", func(st *stack.Stack) { st.Services[0].Settings.Runtime = "runsc" }},
		{"user mysql: a Pod knows numbers only", func(st *stack.Stack) { st.Services[0].User = "mysql" }},
		{"group_add video: ", func(st *stack.Stack) { st.Services[0].Settings.GroupAdd = []string{"video"} }},
		{"security_opt seccomp=mine.json", func(st *stack.Stack) { st.Services[0].Settings.SecurityOptions = []string{"seccomp=mine.json"} }},
		{"tmpfs /run:size=much", func(st *stack.Stack) { st.Services[0].Tmpfs = []string{"/run:size=much"} }},
		{"belongs to user 999 and group 0", func(st *stack.Stack) { st.Services[2].Files[0].UID = 999 }},
		{"share it", func(st *stack.Stack) {
			st.Services[0].Settings.Sysctls = map[string]string{"net.ipv4.ip_unprivileged_port_start": "80"}
		}},
		{"has no address of its host", func(st *stack.Stack) { st.Services[0].Settings.ExtraHosts = []string{"up:host-gateway"} }},
		{"one hosts file", func(st *stack.Stack) { st.Services[0].Settings.ExtraHosts = []string{"api.test:10.0.0.1"} }},
	} {
		st := shop()
		tc.change(st)
		err := Check(st, "low")
		assert.ErrorContains(t, err, tc.want)
		assert.Assert(t, len(hint.All(err)) > 0, "%v", err)
	}
}

// TestListensOnlyWhereSaid: what an image exposes does not count, since images expose what nobody uses.
func TestListensOnlyWhereSaid(t *testing.T) {
	st := shop()
	assert.DeepEqual(t, listening(st, st.Services[2]), []int{8000})
	assert.DeepEqual(t, listening(st, st.Services[0]), []int{3306})
}

func TestProbes(t *testing.T) {
	st := shop()
	p, err := newPlan(request(st), when)
	assert.NilError(t, err)
	p.at = place{host: "127.0.0.1", port: 23456, ports: map[string]map[int]int{"web": {8000: 23456}}}
	web := p.startupProbe(st.Services[2])
	assert.Equal(t, web.HTTPGet.HTTPHeaders[0].Value, "127.0.0.1:23456")
	assert.Equal(t, web.FailureThreshold, int32(90+spare))
	assert.Equal(t, p.proofs(st.Services[2])[0].String(), "GET http://127.0.0.1:23456/health")
	db := p.startupProbe(st.Services[0])
	assert.Assert(t, !strings.Contains(strings.Join(db.Exec.Command, " "), "secret"), "a password on a command line: %v", db.Exec.Command)
	assert.Equal(t, p.proofs(st.Services[0])[0].String(), "mysql query on port 3306 as shop")
	assert.Equal(t, len(p.proofs(st.Services[1])), 0)

	st.Services[0].Image = "something/else"
	assert.Equal(t, p.startupProbe(st.Services[0]).TCPSocket.Port.IntValue(), 3306)
	st.Services[2].Ready.HTTP.MaxStatus = 404
	assert.Equal(t, p.startupProbe(st.Services[2]).TCPSocket.Port.IntValue(), 8000)
	p.Images["cache_1"] = Image{Health: []string{"CMD-SHELL", "check $HOME"}}
	st.Services[1].Ready = stack.Ready{Image: true, Ports: []int{1}}
	assert.DeepEqual(t, p.startupProbe(st.Services[1]).Exec.Command, []string{"/bin/sh", "-c", "check $HOME"})
}

func TestNames(t *testing.T) {
	for _, name := range []string{"", "a", "shop-1", strings.Repeat("x", maxName)} {
		assert.NilError(t, CheckName(name))
	}
	for _, name := range []string{"Shop", "a_b", "a.b", "-a", "a-", strings.Repeat("x", maxName+1)} {
		assert.ErrorContains(t, CheckName(name), "invalid instance name")
	}
	for _, of := range []string{"shop", "My_Shop", "-", strings.Repeat("long", 30)} {
		assert.NilError(t, CheckName(madeUpName(of)), of)
	}
}

func TestEscape(t *testing.T) {
	for text, want := range map[string]string{"$HOME": "$HOME", "$(date)": "$$(date)", "a$$b": "a$$$$b", "cost: 5$": "cost: 5$"} {
		assert.Equal(t, escape(text), want)
	}
}

func TestFilesOfSecret(t *testing.T) {
	p, err := newPlan(request(shop()), when)
	assert.NilError(t, err)
	s, err := p.secret()
	assert.NilError(t, err)
	assert.Equal(t, string(s.Data["web.0"]), "sesame")
	assert.Equal(t, fs.FileMode(*p.volumes(p.services[2])[0].Secret.Items[0].Mode), fs.FileMode(0o400))
}

func TestLease(t *testing.T) {
	l := lease{created: when}
	assert.Equal(t, l.seconds(when), int64(60))
	assert.Equal(t, l.seconds(when.Add(90*time.Second)), int64(150))
}

func TestParseTarget(t *testing.T) {
	for target, want := range map[string][2]string{
		"kubernetes": {"", ""}, "kubernetes://": {"", ""}, "kubernetes://ci": {"ci", ""}, "kubernetes://ci/team": {"ci", "team"},
		"kubernetes:///team": {"", "team"}, "kubernetes://arn:aws:eks:eu:1:cluster/ci/": {"arn:aws:eks:eu:1:cluster/ci", ""},
	} {
		context, namespace, err := ParseTarget(target)
		assert.NilError(t, err, target)
		assert.DeepEqual(t, [2]string{context, namespace}, want)
	}
	for _, target := range []string{"", "swarm", "kubernetes:ci", "kubernetes://ci/No_Space"} {
		_, _, err := ParseTarget(target)
		assert.ErrorContains(t, err, "invalid", target)
	}
}
