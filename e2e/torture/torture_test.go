package torture

import (
	"cmp"
	"os"
	"strconv"
	"strings"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/e2e/harness"
)

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }

// only skips a part of these tests that BMO_TORTURE does not ask for: it has words separated by commas.
func only(t *testing.T, part string) {
	t.Helper()
	if !asked(part) {
		t.Skip("it takes long: make torture")
	}
}

func asked(word string) bool {
	return strings.Contains(","+os.Getenv("BMO_TORTURE")+",", ","+word+",")
}

// TestFaults is every fault at every request of every command: the part "faults". BMO_TORTURE_COMMANDS and
// BMO_TORTURE_FAULTS name some of them. BMO_TORTURE_STEP 3 takes every third request, and BMO_TORTURE_FIRST 2 begins with
// the second one; BMO_TORTURE_STEP 0 takes the first request of each kind. BMO_TORTURE_TABLE is a file that the table is added to.
func TestFaults(t *testing.T) {
	only(t, "faults")
	step, err := strconv.Atoi(cmp.Or(os.Getenv("BMO_TORTURE_STEP"), "1"))
	assert.NilError(t, err)
	first, err := strconv.Atoi(cmp.Or(os.Getenv("BMO_TORTURE_FIRST"), "1"))
	assert.NilError(t, err)
	var commands []Command
	for _, c := range Commands {
		if named("BMO_TORTURE_COMMANDS", c.Name) {
			commands = append(commands, c)
		}
	}
	var faults []Fault
	for _, f := range Faults {
		if named("BMO_TORTURE_FAULTS", string(f)) {
			faults = append(faults, f)
		}
	}
	assert.Assert(t, len(commands) > 0 && len(faults) > 0, "there is no such command or fault")
	var text strings.Builder
	assert.NilError(t, All(t, commands, faults, first, step).Write(&text))
	t.Logf("\n%s", text.String())
	if name := os.Getenv("BMO_TORTURE_TABLE"); name != "" {
		file, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
		assert.NilError(t, err)
		_, err = file.WriteString(text.String())
		assert.NilError(t, err)
		assert.NilError(t, file.Close())
	}
}

// named reports whether a variable of the environment, with words separated by commas, has a name or is not set.
func named(variable, name string) bool {
	list := os.Getenv(variable)
	return list == "" || strings.Contains(","+list+",", ","+name+",")
}
