package build

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	bkclient "github.com/moby/buildkit/client"
	"github.com/moby/buildkit/client/llb/sourceresolver"
	"github.com/moby/buildkit/exporter/containerimage/exptypes"
	gateway "github.com/moby/buildkit/frontend/gateway/client"
	digest "github.com/opencontainers/go-digest"
	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/contexts"
	"github.com/docker-bmo/docker-bmo/stack"
)

// front is a service of every stack, since each stack needs an address.
const front = "zz"

// request loads a stack of these services and named contexts, and its contexts.
func request(t *testing.T, services, contextsOf string) Request {
	t.Helper()
	tree := fstest.MapFS{
		"app/compose.yaml": {Data: []byte("name: app\nservices:\n" + services +
			"  " + front + ": {image: front, x-bmo: {ready: {http: {port: 80, path: /}}}}\n" +
			"x-bmo: {url: {service: " + front + ", port: 80}, contexts: {" + contextsOf + "}}\n")},
		"app/web/Dockerfile":      {Data: []byte("FROM debian\nCOPY . /\n")},
		"app/web/file":            {Data: []byte("one")},
		"app/same/Dockerfile":     {Data: []byte("FROM debian\nCOPY . /\n")},
		"app/same/file":           {Data: []byte("one")},
		"app/other/Dockerfile":    {Data: []byte("FROM debian\nCOPY . /\n")},
		"app/other/file":          {Data: []byte("two")},
		"app/same/two.Dockerfile": {Data: []byte("FROM alpine\n")},
		"app/web/two.Dockerfile":  {Data: []byte("FROM alpine\n")},
	}
	st, err := stack.LoadFS(t.Context(), tree, "app/compose.yaml", stack.Options{})
	assert.NilError(t, err)
	res, err := contexts.Load(t.Context(), st, contexts.Options{WorkDir: t.TempDir()})
	assert.NilError(t, err)
	return Request{Stack: st, Contexts: res, Platform: "linux/amd64"}
}

// services returns the services of a Compose file from lines "NAME: YAML".
func services(lines ...string) string { return "  " + strings.Join(lines, "\n  ") + "\n" }

func groups(r Request) (out []string) {
	for _, t := range r.targets() {
		if t.name() != front {
			out = append(out, strings.Join(t.services, "+"))
		}
	}
	return out
}

func TestTargets(t *testing.T) {
	for _, c := range []struct {
		name     string
		services []string
		want     []string
	}{
		{"one", []string{"a: {build: ./web}"}, []string{"a"}},
		{"the same twice", []string{"a: {build: ./web}", "b: {build: ./web}"}, []string{"a+b"}},
		{"the same content elsewhere", []string{"a: {build: ./web}", "b: {build: ./same}"}, []string{"a+b"}},
		{"other content", []string{"a: {build: ./web}", "b: {build: ./other}"}, []string{"a", "b"}},
		{"other Dockerfile", []string{"a: {build: ./web}", "b: {build: {context: ./web, dockerfile: two.Dockerfile}}"}, []string{"a", "b"}},
		{"other target", []string{"a: {build: ./web}", "b: {build: {context: ./web, target: x}}"}, []string{"a", "b"}},
		{"other argument", []string{"a: {build: {context: ./web, args: {A: 1}}}", "b: {build: {context: ./web, args: {A: 2}}}"}, []string{"a", "b"}},
		{"argument that looks like a context", []string{"a: {build: {context: ./web, args: {A: 'local:x'}}}"}, []string{"a"}},
		{"other command only", []string{"a: {build: ./web, command: x}", "b: {build: ./web, command: y}"}, []string{"a+b"}},
		{"images", []string{"a: {image: redis}", "b: {image: redis}", "c: {image: valkey}"}, []string{"a+b", "c"}},
		{
			"a context of its own, by another name or content",
			[]string{
				"a: {build: {context: ./web, additional_contexts: {x: ./other}}}",
				"b: {build: {context: ./web, additional_contexts: {x: ./same}}}",
				"c: {build: {context: ./web, additional_contexts: {x: ./web}}}",
				"d: {build: {context: ./web, additional_contexts: {y: ./web}}}",
			},
			[]string{"a", "b+c", "d"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			assert.DeepEqual(t, groups(request(t, services(c.services...), "")), c.want)
		})
	}
}

// TestNameOfATarget: an image that several services share is named after the application's, which people know.
func TestNameOfATarget(t *testing.T) {
	r := request(t, services("a: {image: front}", "b: {image: redis}", "c: {image: redis}"), "")
	var names []string
	for _, target := range r.targets() {
		names = append(names, target.name())
	}
	assert.DeepEqual(t, names, []string{front, "b"})
}

func TestAttributes(t *testing.T) {
	r := request(t, services(
		"a: {build: {context: ./web, dockerfile: two.Dockerfile, target: base, args: {OWN: 1, BOTH: own}, additional_contexts: {x: ./other, img: 'docker-image://debian'}}}",
		"b: {image: redis}",
	), "x: {from: ./same}, y: {from: ./same}")
	r.Args = map[string]string{"BOTH": "given", "MORE": "m"}
	common := map[string]string{"platform": "linux/amd64", "build-arg:BOTH": "given", "build-arg:MORE": "m", "context:y": "local:y"}
	a := maps.Clone(common)
	maps.Copy(a, map[string]string{
		"filename": "two.Dockerfile", "target": "base", "build-arg:OWN": "1",
		"context:x": "local:service/a/x", "context:img": "docker-image://debian",
	})
	b := maps.Clone(common)
	maps.Copy(b, map[string]string{"filename": "Dockerfile", "context:x": "local:x"})
	for name, want := range map[string]map[string]string{"a": a, "b": b} {
		s, _ := r.Stack.Service(name)
		assert.DeepEqual(t, r.attrs(s), want)
	}

	r.NoCache, r.Pull = true, true
	s, _ := r.Stack.Service("b")
	got := r.attrs(s)
	none, set := got["no-cache"]
	assert.Assert(t, set && none == "") // empty means all stages
	assert.Equal(t, got["image-resolve-mode"], "pull")
}

// TestAllTreesCanBeAskedFor: every tree that the attributes refer to can be sent.
func TestAllTreesCanBeAskedFor(t *testing.T) {
	r := request(t, services(
		"a: {build: {context: ./web, additional_contexts: {x: ./other}}}", "b: {image: redis}",
	), "y: {from: ./same}")
	for _, target := range r.targets() {
		m := mounts(r.Contexts.Trees, target.name())
		names := slices.Collect(maps.Keys(m))
		for _, name := range []string{"context", "dockerfile"} {
			assert.Assert(t, slices.Contains(names, name))
		}
		for k, v := range target.attrs {
			if tree, local := strings.CutPrefix(v, "local:"); local {
				assert.Assert(t, slices.Contains(names, tree), "%s of %s", k, target.name())
			}
		}
	}
}

func TestConfigure(t *testing.T) {
	for _, c := range []struct{ name, config, want string }{
		{
			"whole", `{"os":"linux","config":{"Env":["A=1"],"Labels":{"theirs":"1","both":"1"},"Volumes":{"/var/lib/mysql":{}}}}`,
			`{"os":"linux","config":{"Env":["A=1"],"Labels":{"theirs":"1","both":"2","ours":"3"}}}`,
		},
		{"empty", `{}`, `{"config":{"Labels":{"both":"2","ours":"3"}}}`},
		{"nulls", `{"config":{"Labels":null}}`, `{"config":{"Labels":{"both":"2","ours":"3"}}}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			res := gateway.NewResult()
			res.AddMeta(exptypes.ExporterImageConfigKey, []byte(c.config))
			assert.NilError(t, configure(res, map[string]string{"ours": "3", "both": "2"}))
			var got, want any
			assert.NilError(t, json.Unmarshal(res.Metadata[exptypes.ExporterImageConfigKey], &got))
			assert.NilError(t, json.Unmarshal([]byte(c.want), &want))
			assert.DeepEqual(t, got, want)
		})
	}
	assert.Error(t, configure(gateway.NewResult(), nil), "the build gave no image configuration")
	res := gateway.NewResult()
	res.AddMeta(exptypes.ExporterImageConfigKey, []byte("no json"))
	assert.ErrorContains(t, configure(res, nil), "image configuration: ")
}

// resolver is a gateway that knows one image.
type resolver struct{ gateway.Client }

func (resolver) BuildOpts() gateway.BuildOpts {
	return gateway.BuildOpts{Product: "docker-bmo", Opts: map[string]string{"filename": "theirs"}}
}

func (resolver) ResolveImageConfig(_ context.Context, ref string, _ sourceresolver.Opt) (string, digest.Digest, []byte, error) {
	if ref != "debian" {
		return "", "", nil, errors.New("not found")
	}
	return "docker.io/library/debian:latest", "sha256:0", []byte("config"), nil
}

func TestBasesAreRecorded(t *testing.T) {
	seen := &record{bases: map[string]string{}}
	c := &client{Client: resolver{}, attrs: map[string]string{"filename": "ours"}, record: seen}
	opts := c.BuildOpts()
	assert.Equal(t, opts.Product, "docker-bmo")
	assert.DeepEqual(t, opts.Opts, map[string]string{"filename": "ours"})
	opts.Opts["filename"] = "changed by the frontend"
	assert.Equal(t, c.BuildOpts().Opts["filename"], "ours")

	_, _, config, err := c.ResolveImageConfig(t.Context(), "debian", sourceresolver.Opt{})
	assert.NilError(t, err)
	assert.Equal(t, string(config), "config")
	_, _, _, err = c.ResolveImageConfig(t.Context(), "gone", sourceresolver.Opt{})
	assert.Error(t, err, "not found")
	// The digest of the configuration is the same in every image store; that of the manifest is not.
	assert.DeepEqual(t, seen.bases, map[string]string{"debian": digest.FromString("config").String()})

	c.record = nil
	_, _, _, err = c.ResolveImageConfig(t.Context(), "debian", sourceresolver.Opt{})
	assert.NilError(t, err)
}

// broken is an engine without BuildKit.
type broken struct{ err error }

func (b broken) BuildKit(context.Context) (*bkclient.Client, error) { return nil, b.err }

func TestNoBuildKit(t *testing.T) {
	r := request(t, services("a: {image: redis}"), "")
	no := broken{errors.New("no BuildKit")}
	_, err := Bases(t.Context(), no, r, nil)
	assert.ErrorIs(t, err, no.err)
	_, err = Images(t.Context(), no, r, nil, nil, nil)
	assert.ErrorIs(t, err, no.err)
}
