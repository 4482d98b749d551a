package e2e

import (
	"strings"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/e2e/harness"
)

// MariaDB is as good as MySQL: built, bootstrapped, stopped well, committed and copied, under a key of its own.
func TestMariaDBInThePlaceOfMySQL(t *testing.T) {
	harness.OnOneEngine(t)
	t.Parallel()
	a := harness.NewDemo(t, "mariadb", nil)
	key := a.Build(t, "--db", "mariadb")
	one, other := a.Run(t, "--db", "mariadb"), a.Run(t, "--db", "mariadb")

	id := one.Tracker().Create(t, "Demo", "Database", "kept by MariaDB")
	assert.Equal(t, one.Tracker().Summary(t, id), "kept by MariaDB")
	assert.Equal(t, other.Tracker().Summary(t, id), "")

	for _, i := range []*harness.Instance{one, other} {
		assert.Assert(t, strings.HasPrefix(i.Key, key), "%s runs from %s", i.Name, i.Key)
		db := i.Services["db"]
		version := harness.Docker(t, "exec", db, "mariadb", "--user=root", "--skip-column-names", "--execute=SELECT VERSION()")
		assert.Assert(t, strings.Contains(version, "MariaDB"), "%s", version)
		assert.Equal(t, harness.Docker(t, "exec", db, "bash", "-c", "cat /proc/1/comm; stat --format=%U /proc/1"), "mariadbd\nmysql")
		harness.StartsClean(t, db)
	}

	mysql := a.Build(t, "--db", "mysql")
	assert.Assert(t, mysql != key)
	assert.DeepEqual(t, a.Keys(t), []string{mysql, key})
	again := a.Do(t, "build", "--db", "mariadb").OK(t)
	assert.Assert(t, strings.Contains(again.Stderr, "snapshot "+key+" of "+a.Name+" is up to date"), "%s", again.Stderr)
	assert.Equal(t, a.Build(t), mysql)
}
