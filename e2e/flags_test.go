package e2e

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/internal/clidoc"

	"github.com/docker-bmo/docker-bmo/e2e/harness"
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

// others are the flags of commands of docker, buildx and compose, read once.
type others map[string]map[string]string

// of returns the flags of a command, and none of a plugin that is not installed.
func (o others) of(t *testing.T, command string) map[string]string {
	t.Helper()
	words := strings.TrimPrefix(command, "docker ")
	if flags, ok := o[words]; ok {
		return flags
	}
	help, ok := helpOf(t, words)
	if !ok && (strings.HasPrefix(words, "buildx") || strings.HasPrefix(words, "compose")) {
		help = ""
		t.Logf("%s is not here to be compared with", command)
	}
	o[words] = flagsOf(help)
	assert.Assert(t, ok == (len(o[words]) > 0), "%s: %s", command, help)
	return o[words]
}

// TestFlagsAreTheirs holds what docs/cli.md says against the help texts of docker, buildx and compose themselves: a flag
// that is called the same has the same name, letter and type, and one that is said to be missing is one of theirs.
func TestFlagsAreTheirs(t *testing.T) {
	harness.OnOneEngine(t)
	t.Parallel()
	theirs, checked := others{}, 0
	for name, c := range clidoc.Table {
		ours := flagsOf(harness.BMO(t, append(strings.Fields(name), "--help")...).OK(t).Stdout)
		for flag, f := range c.Flags {
			for _, command := range f.Same {
				flags := theirs.of(t, command)
				if len(flags) == 0 {
					continue
				}
				checked++
				got, ok := flags[flag]
				assert.Check(t, ok && alike(ours[flag], got, f.Note), "docker bmo %s --%s is %q, %s has %q", name, flag, ours[flag], command, got)
			}
		}
		for _, m := range c.Missing {
			flags := theirs.of(t, m.Of)
			if len(flags) == 0 {
				continue
			}
			checked++
			letter, flag, _ := strings.Cut(m.Flag, "--")
			got, ok := flags[flag]
			assert.Check(t, ok && strings.HasPrefix(got, strings.TrimSuffix(letter, ", ")), "%s is no flag of %s, which has %q", m.Flag, m.Of, got)
		}
	}
	assert.Assert(t, checked >= 30, "only %d flags were compared", checked)
}

// alike reports whether two flags have the same letter and type. A note may say that the type differs, or that there is no
// letter.
func alike(ours, theirs, note string) bool {
	_, kind, _ := strings.Cut(ours, " ")
	_, theirKind, _ := strings.Cut(theirs, " ")
	return ours == theirs || strings.Contains(note, "takes a word") ||
		strings.Contains(note, "has no letter") && strings.HasPrefix(ours, "- ") && kind == theirKind
}
