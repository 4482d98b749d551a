package clidoc

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"gotest.tools/v3/assert"
	"gotest.tools/v3/golden"
)

// tool is a plugin with a command, a command below another one, and what is not to be seen.
func tool() *cobra.Command {
	run := func(*cobra.Command, []string) {}
	root := &cobra.Command{Use: "tool"}
	build := &cobra.Command{Use: "build [OPTIONS] A|B", Short: "Build it", Long: "Build it.\n\nAll of it.", Aliases: []string{"make"}, Run: run}
	build.Flags().IntP("number", "n", 3, "How many | of them")
	build.Flags().Bool("quiet", false, "Say nothing")
	build.Flags().String("format", "", "Format it:\n'json': as JSON")
	build.Flags().String("secret", "", "Not for users")
	_ = build.Flags().MarkHidden("secret")
	things := &cobra.Command{Use: "things"}
	things.AddCommand(&cobra.Command{Use: "ls", Short: "List things", Run: run})
	root.AddCommand(build, things, &cobra.Command{Use: "internal", Hidden: true, Run: run})
	return root
}

func table() map[string]Command {
	return map[string]Command{
		"build": {Like: []string{"docker build"}, Note: "Not like that.", Flags: map[string]Flag{
			"number": isNew("there may be many"), "quiet": sameAs("docker build", "docker pull"),
			"format": sameAs("docker ps").but("has no table | here"),
		}, Missing: []Missing{{"-t, --tag", "docker build", "it has no name"}, {"--load", "docker build", "nothing | to load"}}},
		"things ls": {},
	}
}

func TestMarkdown(t *testing.T) {
	text, err := Markdown(tool(), table())
	assert.NilError(t, err)
	golden.Assert(t, strings.TrimPrefix(string(text), preface), "tool.golden")
}

func TestStaleTable(t *testing.T) {
	for _, c := range []struct {
		what   string
		change func(map[string]Command)
		want   string
	}{
		{"a command too few", func(m map[string]Command) { delete(m, "things ls") }, "command things ls is not in the table, or not among the commands"},
		{"a command too many", func(m map[string]Command) { m["old"] = Command{} }, "command old is not in the table, or not among the commands"},
		{"a flag too few", func(m map[string]Command) { delete(m["build"].Flags, "quiet") }, "build --quiet is not in the table, or not among the flags"},
		{"a flag too many", func(m map[string]Command) { m["build"].Flags["old"] = isNew("x") }, "build --old is not in the table, or not among the flags"},
		{"a missing flag that is there", func(m map[string]Command) {
			c := m["build"]
			c.Missing = []Missing{{"--quiet", "docker build", "x"}, {"-n, --last", "docker ps", "x"}, {"-q, --other", "docker ps", "x"}}
			m["build"] = c
		}, "build --quiet is said to be missing, and is there\nbuild -n, --last is said to be missing, and is there"},
		{"a new flag without a reason", func(m map[string]Command) { m["build"].Flags["number"] = Flag{} }, "build --number is new, and nothing says why"},
	} {
		m := table()
		c.change(m)
		_, err := Markdown(tool(), m)
		assert.Error(t, err, c.want, c.what)
	}
}
