package dockerfiles

import (
	"io/fs"
	"slices"
	"strings"
	"testing"

	"gotest.tools/v3/assert"
)

// A stack that can do with either server names the folder by a variable and nothing else, so both have to be used in
// the same way.
func TestDatabasesAreTwins(t *testing.T) {
	asMySQL := strings.NewReplacer("mariadbd", "mysqld", "mariadb", "mysql", "MARIADB", "MYSQL").Replace
	assert.Equal(t, asMySQL(read(t, "mariadb/start.sh")), read(t, "mysql/start.sh"))
	assert.DeepEqual(t, instructions(asMySQL(read(t, "mariadb/Dockerfile"))), instructions(read(t, "mysql/Dockerfile")))

	versions := strings.NewReplacer(":11.8", "", ":9.7", "", "MariaDB", "MySQL").Replace
	assert.Equal(t, versions(asMySQL(read(t, "mariadb/service.yaml"))), versions(read(t, "mysql/service.yaml")))

	for _, file := range []string{"common.cnf", "low.cnf", "regular.cnf"} {
		for _, setting := range []string{"!include", "datadir", "tmpdir", "socket", "port", "bind-address", "innodb_fast_shutdown"} {
			assert.DeepEqual(t, settings(t, "mariadb/"+file, setting), settings(t, "mysql/"+file, setting))
		}
	}
	assert.DeepEqual(t, settings(t, "mysql/common.cnf", "datadir"), []string{"datadir = /srv/mysql"})
}

// instructions are a Dockerfile's lines but for comments and the base image.
func instructions(dockerfile string) []string {
	return slices.DeleteFunc(strings.Split(dockerfile, "\n"), func(line string) bool {
		return strings.HasPrefix(line, "#") || strings.HasPrefix(line, "ARG ")
	})
}

// settings are the lines of an option file that set one option.
func settings(t *testing.T, file, name string) []string {
	t.Helper()
	return slices.DeleteFunc(strings.Split(read(t, file), "\n"), func(line string) bool {
		return !strings.HasPrefix(line, name+" ")
	})
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := fs.ReadFile(FS, file)
	assert.NilError(t, err)
	return string(text)
}
