package stack

import (
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/internal/hint"
)

func TestWith(t *testing.T) {
	s, err := loadText(t, notes, Options{})
	assert.NilError(t, err)
	db, ok := s.Service("db")
	assert.Assert(t, ok)

	low := db.With("low")
	assert.DeepEqual(t, low.Command, []string{"mysqld", "--defaults-file=/etc/low.cnf"})
	assert.DeepEqual(t, low.Environment, map[string]string{"MODE": "low"})
	assert.Equal(t, low.MemLimit, int64(300<<20))

	regular := db.With("regular")
	assert.DeepEqual(t, regular.Command, []string{"mysqld", "--defaults-file=/etc/regular.cnf"})
	assert.Equal(t, regular.MemLimit, db.MemLimit)

	assert.DeepEqual(t, db.With("other"), db)
	assert.Equal(t, len(db.Environment), 0, "a flavor has written into the service")
}

func TestWithKeepsEnvironment(t *testing.T) {
	s := Service{
		Environment: map[string]string{"A": "1", "B": "1"},
		Flavors:     map[string]Flavor{"low": {Environment: map[string]string{"B": "2", "C": "2"}}},
	}
	assert.DeepEqual(t, s.With("low").Environment, map[string]string{"A": "1", "B": "2", "C": "2"})
	assert.DeepEqual(t, s.Environment, map[string]string{"A": "1", "B": "1"})
}

func TestCheckFlavor(t *testing.T) {
	s, err := loadText(t, notes, Options{})
	assert.NilError(t, err)
	assert.DeepEqual(t, s.Flavors(), []string{"low", "regular"})
	assert.NilError(t, s.CheckFlavor("regular"))
	for name, want := range map[string]string{"reglar": `did you mean "regular"?`, "xx": "its flavors are: low, regular"} {
		err := s.CheckFlavor(name)
		assert.Error(t, err, `stack notes has no flavor "`+name+`"`)
		assert.DeepEqual(t, hint.All(err), []string{want})
	}
	assert.NilError(t, (&Stack{}).CheckFlavor(DefaultFlavor))
}
