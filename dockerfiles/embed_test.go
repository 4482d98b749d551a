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
func TestDemoTellsTestsTheAccountThatItMakes(t *testing.T) {
	for made, told := range map[string]string{
		"DEMO_admin_login":    "BMO_ADMIN_LOGIN",
		"DEMO_admin_password": "BMO_ADMIN_PASSWORD",
		"DEMO_admin_api_key":  "BMO_API_KEY",
	} {
		want := matches(t, "demo/compose.yaml", `(?m)^ +`+made+`: (\S+)$`)
		assert.Equal(t, len(want), 1, made)
		assert.DeepEqual(t, matches(t, "demo/compose.yaml", `(?m)^ +`+told+`: (\S+)$`), want)
	}
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
