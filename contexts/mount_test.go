package contexts

import (
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/stack"
)

// mounted loads a stack whose service has those bind mounts.
func mounted(t *testing.T, st *stack.Stack, sources ...string) *Result {
	t.Helper()
	result, err := Load(t.Context(), withMounts(st, sources...), Options{})
	assert.NilError(t, err)
	return result
}

func withMounts(st *stack.Stack, sources ...string) *stack.Stack {
	web := stack.Service{Name: "web", Image: "debian", Mounts: []stack.Mount{{Target: "/data", Volume: "data"}}}
	for _, s := range sources {
		web.Mounts = append(web.Mounts, stack.Mount{Target: "/srv", Source: s})
	}
	st.Name, st.Services = "test", []stack.Service{web}
	return st
}

// TestBindMountIsAContext: of all that is there, whatever an ignore file says; a file alone is a file.
func TestBindMountIsAContext(t *testing.T) {
	dir := folder(t, files{"conf/.dockerignore": "*\n", "conf/a": "1", "one": "2", "link": "->one"})
	result := mounted(t, &stack.Stack{Dir: dir}, "conf", "./one", "link", "nowhere", filepath.Join(dir, "conf"))
	for i, want := range [][]string{nil, {"f .dockerignore", "f a"}, {"f file"}, {"f file"}, nil, {"f .dockerignore", "f a"}} {
		tree := result.Trees[MountTree("web", i)]
		if i == 0 { // a volume
			assert.Assert(t, tree == nil)
			continue
		}
		assert.DeepEqual(t, list(t, tree), want)
		assert.Equal(t, result.Files[MountTree("web", i)], i == 2 || i == 3)
	}
	data, err := readFile(result.Trees[MountTree("web", 3)], MountFile)
	assert.NilError(t, err)
	assert.Equal(t, string(data), "2")
	trees, _ := result.Named("web")
	assert.Equal(t, len(trees), 0) // no Dockerfile sees them
}

func TestBindMountOfBuiltInStack(t *testing.T) {
	tree := fstest.MapFS{"app/conf/a": {Data: []byte("1")}, "app/one": {Data: []byte("2")}}
	result := mounted(t, &stack.Stack{FS: tree, Path: "app"}, "conf", "one")
	assert.DeepEqual(t, list(t, result.Trees[MountTree("web", 1)]), []string{"f a"})
	assert.DeepEqual(t, list(t, result.Trees[MountTree("web", 2)]), []string{"f file"})
}

func TestBindMountOfWhatNoImageHolds(t *testing.T) {
	t.Chdir(t.TempDir()) // the path of a socket has to be short
	dir, err := os.Getwd()
	assert.NilError(t, err)
	files{"s": "socket"}.write(t, ".")
	_, err = Load(t.Context(), withMounts(&stack.Stack{Dir: dir}, "s"), Options{})
	failsWith(t, err, "service web: bind mount /srv: "+dir+"/s is a socket, which no image can hold", "leave this mount out")
}
