// Package clidoc writes docs/cli.md from the commands themselves and a table that compares each flag with those of
// docker, buildx and compose.
package clidoc

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Command says what a command is like.
type Command struct {
	// Like names the commands of docker, buildx and compose that it resembles.
	Like []string
	// Note says what is different or new, and why.
	Note string
	// Flags are by name.
	Flags map[string]Flag
	// Missing are flags of those commands that it does not have.
	Missing []Missing
}

// Flag says what a flag is like: the same as others, with or without a difference, or new.
type Flag struct {
	// Same names commands with the same flag: name, letter and meaning.
	Same []string
	// Note says how it differs, or why it exists.
	Note string
}

// Markdown describes all commands below root, the plugin's root command. It fails when the table and the commands
// differ.
func Markdown(root *cobra.Command, table map[string]Command) ([]byte, error) {
	all := commands(root)
	if err := check(all, table); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	b.WriteString(preface)
	names := slices.Sorted(maps.Keys(all))
	b.WriteString("| command | like | |\n|---|---|---|\n")
	for _, name := range names {
		fmt.Fprintf(&b, "| [`%s`](#docker-bmo-%s) | %s | %s |\n", name, strings.ReplaceAll(name, " ", "-"),
			code(table[name].Like), escape(all[name].Short))
	}
	for _, name := range names {
		describe(&b, name, all[name], table[name])
	}
	return b.Bytes(), nil
}

const preface = `# Commands

<!-- Made by "make docs" from the commands themselves; a test fails when it is stale. -->

The same letters mean the same as in docker, buildx and compose. Each flag is compared with theirs: where commands are
named, it is the same flag with the same meaning, and the table says what differs; for a new one it says why it exists.
Flags that docker users may look for and that do not exist are listed, too, with what to use instead.
Put flags of docker itself, such as ` + "`--context`, `--host` and `--config`" + `, before ` + "`bmo`" + `.
[Exit codes](architecture.md#exit-codes) are docker's.

`

// commands returns the visible commands below root, by their full names.
func commands(root *cobra.Command) map[string]*cobra.Command {
	out := map[string]*cobra.Command{}
	for _, cmd := range root.Commands() {
		if !cmd.IsAvailableCommand() || cmd.Name() == "help" {
			continue
		}
		if cmd.HasSubCommands() {
			for name, below := range commands(cmd) {
				out[cmd.Name()+" "+name] = below
			}
			continue
		}
		out[cmd.Name()] = cmd
	}
	return out
}

// check compares the commands with the table.
func check(all map[string]*cobra.Command, table map[string]Command) error {
	var errs []error
	for _, name := range difference(all, table) {
		errs = append(errs, fmt.Errorf("command %s is not in the table, or not among the commands", name))
	}
	for name, cmd := range all {
		flags := map[string]bool{}
		visit(cmd, func(f *pflag.Flag) { flags[f.Name] = true })
		for _, flag := range difference(flags, table[name].Flags) {
			errs = append(errs, fmt.Errorf("%s --%s is not in the table, or not among the flags", name, flag))
		}
		for flag, f := range table[name].Flags {
			if len(f.Same) == 0 && f.Note == "" {
				errs = append(errs, fmt.Errorf("%s --%s is new, and nothing says why", name, flag))
			}
		}
		for _, m := range table[name].Missing {
			if cmd.Flags().Lookup(m.name()) != nil || m.letter() != "" && cmd.Flags().ShorthandLookup(m.letter()) != nil {
				errs = append(errs, fmt.Errorf("%s %s is said to be missing, and is there", name, m.Flag))
			}
		}
	}
	return errors.Join(errs...)
}

// difference returns the keys that only one of two maps has, sorted.
func difference[A, B any](a map[string]A, b map[string]B) []string {
	var out []string
	for k := range a {
		if _, ok := b[k]; !ok {
			out = append(out, k)
		}
	}
	for k := range b {
		if _, ok := a[k]; !ok {
			out = append(out, k)
		}
	}
	slices.Sort(out)
	return out
}

// visit calls fn for the flags that the help shows.
func visit(cmd *cobra.Command, fn func(*pflag.Flag)) {
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden && f.Name != "help" {
			fn(f)
		}
	})
}

func describe(b *bytes.Buffer, name string, cmd *cobra.Command, c Command) {
	fmt.Fprintf(b, "\n## docker bmo %s\n\n    docker bmo %s\n\n", name, usage(name, cmd))
	text := cmd.Long
	if text == "" {
		text = cmd.Short + "."
	}
	b.WriteString(text + "\n")
	if c.Note != "" {
		b.WriteString("\n" + c.Note + "\n")
	}
	if len(cmd.Aliases) > 0 {
		fmt.Fprintf(b, "\nAlso: %s\n", code(cmd.Aliases))
	}
	describeFlags(b, cmd, c.Flags)
	describeMissing(b, c.Missing)
}

// describeFlags writes the table of a command's flags.
func describeFlags(b *bytes.Buffer, cmd *cobra.Command, flags map[string]Flag) {
	if len(flags) == 0 {
		return
	}
	b.WriteString("\n| flag | | the same as | what differs, or why it is new |\n|---|---|---|---|\n")
	visit(cmd, func(f *pflag.Flag) {
		note := flags[f.Name]
		fmt.Fprintf(b, "| %s | %s | %s | %s |\n", signature(f), escape(short(f)), note.same(), escape(note.Note))
	})
}

// same names the commands with the same flag.
func (f Flag) same() string {
	if len(f.Same) == 0 {
		return "new"
	}
	return code(f.Same)
}

// usage is the usage line with the full name of the command.
func usage(name string, cmd *cobra.Command) string {
	_, arguments, _ := strings.Cut(cmd.Use, " ")
	return strings.TrimSpace(name + " " + arguments)
}

// signature is a flag as it is typed.
func signature(f *pflag.Flag) string {
	text := "--" + f.Name
	if f.Shorthand != "" {
		text = "-" + f.Shorthand + ", " + text
	}
	if kind := f.Value.Type(); kind != "bool" {
		text += " " + kind
	}
	return "`" + text + "`"
}

// short is the first line of a flag's text, with the default where there is a meaningful one.
func short(f *pflag.Flag) string {
	text, _, _ := strings.Cut(f.Usage, "\n")
	text = strings.TrimSuffix(text, ":")
	switch f.DefValue {
	case "", "false", "0", "[]", "0s", "{}":
		return text
	}
	if strings.Contains(text, "default") {
		return text
	}
	return fmt.Sprintf("%s (default %s)", text, f.DefValue)
}

// code writes words as code, separated by commas.
func code(words []string) string {
	if len(words) == 0 {
		return ""
	}
	return "`" + strings.Join(words, "`, `") + "`"
}

// escape keeps a text in its cell of a table.
func escape(text string) string { return strings.ReplaceAll(text, "|", `\|`) }
