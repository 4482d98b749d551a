package build

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	bkclient "github.com/moby/buildkit/client"
	gateway "github.com/moby/buildkit/frontend/gateway/client"
	"gotest.tools/v3/assert"
)

// entries are written as TYPE map[ATTRIBUTES], sorted.
func entries(list []bkclient.CacheOptionsEntry) (out []string) {
	for _, e := range list {
		out = append(out, fmt.Sprintf("%s %v", e.Type, e.Attrs))
	}
	return out
}

func TestCache(t *testing.T) {
	dir := t.TempDir()
	assert.NilError(t, os.MkdirAll(filepath.Join(dir, "web"), 0o700))
	assert.NilError(t, os.WriteFile(filepath.Join(dir, "web", "index.json"), []byte("{}"), 0o600))
	for _, c := range []struct {
		from, to         string
		wantFrom, wantTo string // of the service web
	}{
		{from: "user/app:cache", wantFrom: "registry map[ref:docker.io/user/app:cache-web]"},
		{from: "user/app", wantFrom: "registry map[ref:docker.io/user/app:web]"},
		{from: "host:5000/app:1", wantFrom: "registry map[ref:host:5000/app:1-web]"},
		{from: "type=registry,ref=user/app:cache", wantFrom: "registry map[ref:docker.io/user/app:cache-web]"},
		{from: "type=local,src=" + dir, wantFrom: "local map[src:" + dir + "/web]"},
		{from: "type=local,src=" + dir + "/none"},
		{from: "type=gha,url=https://a,token=b", wantFrom: "gha map[scope:web token:b url:https://a]"},
		{from: "type=gha,scope=x,url=https://a,token=b", wantFrom: "gha map[scope:x-web token:b url:https://a]"},
		{from: "type=s3,bucket=b,region=r,name=n", wantFrom: "s3 map[bucket:b name:n-web region:r]"},
		{to: "user/app:cache", wantTo: "registry map[mode:min ref:docker.io/user/app:cache-web]"},
		{to: "type=local,mode=max,dest=" + dir + "/none", wantTo: "local map[dest:" + dir + "/none/web mode:max]"},
		{to: "type=inline", wantTo: "inline map[mode:min]"},
		{to: "type=azblob", wantTo: "azblob map[mode:min name:web]"},
	} {
		cache, err := ParseCache(words(c.from), words(c.to))
		assert.NilError(t, err)
		from, to, err := cache.forTarget("web")
		assert.NilError(t, err)
		assert.DeepEqual(t, entries(from), words(c.wantFrom))
		assert.DeepEqual(t, entries(to), words(c.wantTo))
		again, _, err := cache.forTarget("db")
		assert.NilError(t, err)
		assert.Assert(t, c.wantFrom == "" || len(again) == 0 || entries(again)[0] != c.wantFrom, "another service has another one")
	}
}

// words returns a list of one word, or of none.
func words(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

func TestCacheMistakes(t *testing.T) {
	for _, c := range []struct{ from, to, want string }{
		{from: "src=x", want: `invalid --cache-from "src=x": type is missing: want type=local, type=registry or another`},
		{to: "dest=x", want: `invalid --cache-to "dest=x": type is missing: want type=local, type=registry or another`},
		{from: "type=local,x", want: "invalid --cache-from: invalid value x"},
		{to: "type=registry,ref=UPPER", want: `invalid cache reference "UPPER": invalid reference format: repository name (library/UPPER) must be lowercase`},
		{to: "type=registry", want: `invalid cache reference "": invalid reference format`},
	} {
		_, err := ParseCache(words(c.from), words(c.to))
		assert.Error(t, err, c.want)
	}
}

func TestNeedsContainerdStore(t *testing.T) {
	for to, want := range map[string]bool{"": false, "type=inline": false, "type=local,dest=x": true, "app": true} {
		cache, err := ParseCache([]string{"app"}, words(to))
		assert.NilError(t, err)
		assert.Equal(t, cache.NeedsContainerdStore(), want, to)
	}
}

// importer is a gateway of a solve that imports caches: BuildKit's client passes them to the frontend in an attribute.
type importer struct{ gateway.Client }

func (importer) BuildOpts() gateway.BuildOpts {
	return gateway.BuildOpts{Opts: map[string]string{"cache-imports": "[...]", "filename": "theirs"}}
}

func TestFrontendLearnsOfCaches(t *testing.T) {
	c := &client{Client: importer{}, attrs: map[string]string{"filename": "ours"}}
	assert.DeepEqual(t, c.BuildOpts().Opts, map[string]string{"cache-imports": "[...]", "filename": "ours"})
}
