package stack

import (
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"gotest.tools/v3/assert"
)

var builtIns = fstest.MapFS{
	"mysql/service.yaml":   {Data: []byte("services: {db: {build: {context: ., args: {MYSQL_IMAGE: \"${MYSQL_IMAGE:-mysql:9.7}\"}}}}\n")},
	"mysql/Dockerfile":     {Data: []byte("FROM scratch\n")},
	"mariadb/service.yaml": {Data: []byte("services: {db: {build: .}}\n")},
	"demo/compose.yaml":    {Data: []byte("services: {db: {extends: {file: \"../${DB:-mysql}/service.yaml\", service: db}, tmpfs: [/tmp]}}\n")},
}

func loadWithBuiltIns(t *testing.T, text string, opts Options) (*Stack, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "compose.yaml")
	assert.NilError(t, os.WriteFile(file, []byte(text), 0o600))
	opts.BuiltIn = builtIns
	return Load(t.Context(), []string{file}, opts)
}

// U16: a stack of a user's own extends a service of a built-in one.
func TestU16ExtendsABuiltInService(t *testing.T) {
	for text, want := range map[string]string{
		`{file: "builtin:mysql/service.yaml", service: db}`:                "builtin:/mysql",
		`{file: "builtin:/mysql/service.yaml", service: db}`:               "builtin:/mysql",
		`{file: "builtin:${DB:-mysql}/service.yaml", service: db}`:         "builtin:/mariadb",
		`{file: "builtin:demo/compose.yaml", service: db}`:                 "builtin:/mariadb", // which extends one itself
		`{file: "builtin:mysql/../mariadb/service.yaml", service: db}`:     "builtin:/mariadb",
		`{file: "builtin:demo/../demo/./compose.yaml", "service": "db"}`:   "builtin:/mariadb",
		`{"file": "builtin:${DB:?which one}/service.yaml", "service": db}`: "builtin:/mariadb",
	} {
		st, err := loadWithBuiltIns(t, "name: x\nservices: {db: {extends: "+text+", mem_limit: 1g}}\n", Options{Environ: []string{"DB=mariadb"}})
		assert.NilError(t, err, text)
		db, _ := st.Service("db")
		assert.Equal(t, db.Build.Context, want, text)
		assert.Equal(t, db.MemLimit, int64(1<<30))
	}
}

// TestU16IsPrintedAndLoadedAgain: what config prints is the same stack, and the variables of the extended file count.
func TestU16IsPrintedAndLoadedAgain(t *testing.T) {
	st, err := loadWithBuiltIns(t, "name: x\nservices: {db: {extends: {file: \"builtin:mysql/service.yaml\", service: db}}}\n",
		Options{Set: map[string]string{"MYSQL_IMAGE": "mysql:8.0"}})
	assert.NilError(t, err)
	db, _ := st.Service("db")
	assert.DeepEqual(t, db.Build.Args, map[string]string{"MYSQL_IMAGE": "mysql:8.0"})
	text, err := st.YAML()
	assert.NilError(t, err)
	again, err := loadWithBuiltIns(t, string(text), Options{})
	assert.NilError(t, err)
	assert.DeepEqual(t, again.Services, st.Services)
}

func TestU16NoSuchFile(t *testing.T) {
	_, err := loadWithBuiltIns(t, "name: x\nservices: {db: {extends: {file: \"builtin:mysq/service.yaml\", service: db}}}\n", Options{})
	assert.ErrorContains(t, err, "the built-in stacks have no file mysq/service.yaml: their folders are demo, mariadb, mysql")
	for _, text := range []string{"builtin:../x/service.yaml", "builtin:"} {
		_, err = loadWithBuiltIns(t, "name: x\nservices: {db: {extends: {file: \""+text+"\", service: db}}}\n", Options{})
		assert.ErrorContains(t, err, "the built-in stacks")
	}
	_, err = loadWithBuiltIns(t, "name: x\nservices: {db: {extends: {file: \"builtin:mysql/service.yaml\", service: web}}}\n", Options{})
	assert.ErrorContains(t, err, `cannot extend service "db"`)
}
