package main

import (
	"io"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"gotest.tools/v3/assert"
)

// commands returns all commands below root, by their full names.
func commands(root *cobra.Command) map[string]*cobra.Command {
	out := map[string]*cobra.Command{}
	for _, cmd := range root.Commands() {
		name := strings.TrimPrefix(cmd.CommandPath(), "bmo ")
		out[name] = cmd
		for below, c := range commands(cmd) {
			out[below] = c
		}
	}
	return out
}

// TestHelpIsInDockersStyle: texts begin with a capital letter and do not end with a full stop.
func TestHelpIsInDockersStyle(t *testing.T) {
	x := newTerminal(t)
	for name, cmd := range commands(newRootCommand(x.cli(t, io.Discard, io.Discard))) {
		assert.Assert(t, styled(cmd.Short), "%s: %q", name, cmd.Short)
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			first, _, _ := strings.Cut(f.Usage, "\n")
			assert.Assert(t, styled(first), "%s --%s: %q", name, f.Name, f.Usage)
		})
	}
}

func styled(text string) bool {
	return text != "" && strings.ToUpper(text[:1]) == text[:1] && !strings.HasSuffix(text, ".")
}
