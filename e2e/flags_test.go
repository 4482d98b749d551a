package e2e

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/internal/clidoc"
)

// flagLine is a flag in a help text: its letter, its name and its type.
var flagLine = regexp.MustCompile(`(?m)^ +(?:-(\w), )?\s*--([a-z][a-z-]+)(?: ([a-zA-Z]+))?(?:  |$)`)

// kinds are types that take the same words.
var kinds = map[string]string{"list": "stringArray", "stringSlice": "stringArray", "strings": "stringArray"}

// flagsOf reads the flags of a command from its help, as "-LETTER TYPE" by name.
func flagsOf(help string) map[string]string {
	flags := map[string]string{}
	for _, m := range flagLine.FindAllStringSubmatch(help, -1) {
		kind := m[3]
		if same, ok := kinds[kind]; ok {
			kind = same
		}
		flags[m[2]] = strings.TrimSpace("-" + m[1] + " " + kind)
	}
	return flags
}

// helpOf is a command's help, in the user's own docker configuration, where its plugins are. Compose is not everywhere.
func helpOf(t *testing.T, words string) (string, bool) {
	t.Helper()
	cmd := exec.Command("docker", append(strings.Fields(words), "--help")...)
	cmd.Env = append(os.Environ(), "DOCKER_CONFIG="+os.Getenv("BMO_PLUGINS_CONFIG"))
	out, err := cmd.CombinedOutput()
	return string(out), err == nil && strings.Contains(string(out), "Usage:  docker "+words)
}

// TestFlagsAreTheirs holds what docs/cli.md says against the help texts of docker, buildx and compose themselves: a flag
// that is called the same has the same name, letter and type.
func TestFlagsAreTheirs(t *testing.T) {
	t.Parallel()
	theirs, checked := map[string]map[string]string{}, 0
	for name, c := range clidoc.Table {
		ours := flagsOf(bmo(t, append(strings.Fields(name), "--help")...).ok(t).stdout)
		for flag, f := range c.Flags {
			for _, command := range f.Same {
				words := strings.TrimPrefix(command, "docker ")
				if theirs[words] == nil {
					help, ok := helpOf(t, words)
					if !ok && (strings.HasPrefix(words, "buildx") || strings.HasPrefix(words, "compose")) {
						help = "" // not installed
						t.Logf("docker %s is not here to be compared with", words)
					}
					theirs[words] = flagsOf(help)
					assert.Assert(t, ok == (len(theirs[words]) > 0), "docker %s: %s", words, help)
				}
				if len(theirs[words]) == 0 {
					continue
				}
				checked++
				got, ok := theirs[words][flag]
				assert.Check(t, ok && alike(ours[flag], got, f.Note), "docker bmo %s --%s is %q, docker %s has %q", name, flag, ours[flag], words, got)
			}
		}
	}
	assert.Assert(t, checked >= 30, "only %d flags were compared", checked)
}

// alike tells whether two flags have the same letter and type. A note may say that the type differs.
func alike(ours, theirs, note string) bool {
	return ours == theirs || strings.Contains(note, "takes a word")
}
