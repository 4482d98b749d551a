package dockerfiles

import (
	"io/fs"
	"regexp"
	"slices"
	"testing"

	"gotest.tools/v3/assert"
)

// The demo's switches are listed where they work; each has to come through the Compose file, or `--set` has no effect.
func TestDemoPassesEverySwitchItDocuments(t *testing.T) {
	documented := matches(t, "demo/app/lib/Demo/Faults.pm", `(?m)^#   (DEMO_[A-Z_]+)=`)
	passed := matches(t, "demo/compose.yaml", `(?m)^ +(DEMO_[A-Z_]+): \$\{DEMO_`)
	assert.Assert(t, len(documented) > 0)
	assert.DeepEqual(t, passed, documented)

	for _, name := range passed {
		assert.DeepEqual(t, matches(t, "demo/compose.yaml", `\$\{(`+name+`):-\}`), []string{name})
	}
}

// Whoever signs in with what a test command is given must find that account.
func TestTestsAreToldTheAccountThatIsMade(t *testing.T) {
	for stack, prefix := range map[string]string{"demo": "DEMO_", "bugzilla": "BZ_"} {
		for made, told := range map[string]string{
			"admin_login":    "BMO_ADMIN_LOGIN",
			"admin_password": "BMO_ADMIN_PASSWORD",
			"admin_api_key":  "BMO_API_KEY",
		} {
			want := matches(t, stack+"/compose.yaml", `(?m)^ +`+prefix+made+`: (\S+)$`)
			assert.Equal(t, len(want), 1, "%s: %s", stack, made)
			assert.DeepEqual(t, matches(t, stack+"/compose.yaml", `(?m)^ +`+told+`: (\S+)$`), want)
		}
	}
}

// Bugzilla's scripts end when a setting is missing, in the first run or at a start.
func TestBugzillaIsGivenEverySettingThatItAsksFor(t *testing.T) {
	var asked []string
	for _, file := range []string{"configure.pl", "testdata.pl"} {
		asked = append(asked, matches(t, "bugzilla/web/"+file, `\b(BZ_[a-z_]*[a-z])\b`)...)
	}
	slices.Sort(asked)
	given := matches(t, "bugzilla/compose.yaml", `(?m)^ +(BZ_[a-z_]+): `)
	assert.DeepEqual(t, slices.Compact(given), slices.Compact(asked))
}

// matches are the first groups of all matches in an embedded file, sorted.
func matches(t *testing.T, file, pattern string) []string {
	t.Helper()
	text, err := fs.ReadFile(FS, file)
	assert.NilError(t, err)
	var found []string
	for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(string(text), -1) {
		found = append(found, m[1])
	}
	slices.Sort(found)
	return found
}
