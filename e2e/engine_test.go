package e2e

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"gotest.tools/v3/assert"
)

// docker runs a docker command that has to work.
func docker(t testing.TB, args ...string) string {
	t.Helper()
	out, err := ask(args...)
	assert.NilError(t, err)
	return out
}

// ask runs a docker command. The containerd store cannot list images while one of them goes: then it is asked again.
func ask(args ...string) (out string, err error) {
	for range 10 {
		out, err = command("docker", args...)
		if err == nil || args[0] != "images" || !strings.Contains(err.Error(), "not found") {
			break
		}
	}
	return out, err
}

// lines splits a command's output; no output is no line.
func lines(out string) []string {
	return strings.FieldsFunc(out, func(r rune) bool { return r == '\n' })
}

// listings are the docker commands that together show all that an engine has.
var listings = map[string][]string{
	"image":     {"images", "--all", "--no-trunc", "--format", "{{.ID}} {{.Repository}}:{{.Tag}}"},
	"container": {"ps", "--all", "--no-trunc", "--format", "{{.ID}} {{.Names}}"},
	"network":   {"network", "ls", "--no-trunc", "--format", "{{.ID}} {{.Name}}"},
	"volume":    {"volume", "ls", "--format", "{{.Name}}"},
}

// observe lists what is on the engine; labels narrow that.
func observe(labels ...string) ([]string, error) {
	var all []string
	for _, kind := range slices.Sorted(maps.Keys(listings)) {
		args := slices.Clone(listings[kind])
		for _, l := range labels {
			args = append(args, "--filter", "label="+l)
		}
		out, err := ask(args...)
		if err != nil {
			return nil, err
		}
		for _, l := range lines(out) {
			all = append(all, kind+" "+l)
		}
	}
	slices.Sort(all)
	return all, nil
}

// removeAll removes what the tests have made, as a user would.
func removeAll() error {
	var errs []error
	remove := func(args ...string) {
		_, err := command("docker", append([]string{"bmo"}, args...)...)
		errs = append(errs, err)
	}
	if suite.strict {
		remove("stop", "--all")
		remove("prune", "--all", "--force")
	}
	for _, name := range stackNames() {
		remove("prune", "--all", "--force", "--stack", name)
	}
	return errors.Join(errs...)
}

// compare tells what the tests left on the engine, or took from it: of everything when the engine is ours alone,
// otherwise of what bears the names of our stacks.
func compare(before []string) error {
	if suite.strict {
		after, err := observe()
		if err != nil || slices.Equal(before, after) {
			return err
		}
		return fmt.Errorf("the engine is not what it was before\n%s", difference(before, after))
	}
	for _, name := range stackNames() {
		left, err := observe(stackLabel + "=" + name)
		if err != nil {
			return err
		}
		if len(left) > 0 {
			return fmt.Errorf("the tests left behind:\n%s", strings.Join(left, "\n"))
		}
	}
	return nil
}

// difference shows lines that only one of two sorted lists has.
func difference(before, after []string) string {
	var b strings.Builder
	for _, l := range before {
		if !slices.Contains(after, l) {
			fmt.Fprintln(&b, "gone:", l)
		}
	}
	for _, l := range after {
		if !slices.Contains(before, l) {
			fmt.Fprintln(&b, "new: ", l)
		}
	}
	return b.String()
}
