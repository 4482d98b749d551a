package e2e

import (
	"strings"
	"testing"

	"gotest.tools/v3/assert"
)

// MariaDB is as good as MySQL: built, bootstrapped, stopped well, committed and copied, under a key of its own.
func TestMariaDBInThePlaceOfMySQL(t *testing.T) {
	t.Parallel()
	a := newDemo(t, "mariadb", nil)
	key := a.build(t, "--db", "mariadb")
	one, other := a.run(t, "--db", "mariadb"), a.run(t, "--db", "mariadb")

	id := one.tracker().create(t, "Demo", "Database", "kept by MariaDB")
	assert.Equal(t, one.tracker().summary(t, id), "kept by MariaDB")
	assert.Equal(t, other.tracker().summary(t, id), "")

	for _, i := range []*instance{one, other} {
		assert.Assert(t, strings.HasPrefix(i.Key, key), "%s runs from %s", i.Name, i.Key)
		db := i.Services["db"]
		version := docker(t, "exec", db, "mariadb", "--user=root", "--skip-column-names", "--execute=SELECT VERSION()")
		assert.Assert(t, strings.Contains(version, "MariaDB"), "%s", version)
		assert.Equal(t, docker(t, "exec", db, "bash", "-c", "cat /proc/1/comm; stat --format=%U /proc/1"), "mariadbd\nmysql")
		startsClean(t, db)
	}

	mysql := a.build(t, "--db", "mysql")
	assert.Assert(t, mysql != key)
	assert.DeepEqual(t, a.keys(t), []string{mysql, key})
	again := a.do(t, "build", "--db", "mariadb").ok(t)
	assert.Assert(t, strings.Contains(again.stderr, "snapshot "+key+" of "+a.name+" is up to date"), "%s", again.stderr)
	assert.Equal(t, a.build(t), mysql)
}

// A stack of which nobody has said that it can do with either is not built with another database than it wants.
func TestMariaDBIsRefusedWhereThereIsNoChoice(t *testing.T) {
	t.Parallel()
	a := newMini(t, "no-choice", nil)
	a.do(t, "build", "--db", "mariadb").fails(t, 1, "variable DB is set, but the stack does not use it", "\nhint: ")
}
