package harness

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"gotest.tools/v3/assert"
)

// Docker runs a docker command that has to work.
func Docker(t testing.TB, args ...string) string {
	t.Helper()
	out, err := ask(args...)
	assert.NilError(t, err)
	return out
}

// ask runs a docker command. The containerd store cannot list images while one of them goes: then it is asked again.
func ask(args ...string) (out string, err error) {
	for range 10 {
		out, err = Command("docker", args...)
		if err == nil || args[0] != "images" || !strings.Contains(err.Error(), "not found") {
			break
		}
	}
	return out, err
}

// Lines splits a command's output; no output is no line.
func Lines(out string) []string {
	return strings.FieldsFunc(out, func(r rune) bool { return r == '\n' })
}

// listings are the docker commands that together show all that an engine has.
var listings = map[string][]string{
	"image":     {"images", "--all", "--no-trunc", "--format", "{{.ID}} {{.Repository}}:{{.Tag}}"},
	"container": {"ps", "--all", "--no-trunc", "--format", "{{.ID}} {{.Names}}"},
	"network":   {"network", "ls", "--no-trunc", "--format", "{{.ID}} {{.Name}}"},
	"volume":    {"volume", "ls", "--format", "{{.Name}}"},
}

// Observe lists what is on the engine; labels narrow that.
func Observe(labels ...string) ([]string, error) {
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
		for _, l := range Lines(out) {
			all = append(all, kind+" "+l)
		}
	}
	slices.Sort(all)
	return all, nil
}

// removeAll removes what the tests have made, as a user would. What was there before them stays.
func removeAll(before []string) error {
	var errs []error
	remove := func(args ...string) {
		_, err := Command("docker", append([]string{"bmo"}, args...)...)
		errs = append(errs, err)
	}
	ours := slices.ContainsFunc(before, func(line string) bool { return strings.Contains(line, " docker-bmo/") })
	if Suite.Strict && !ours {
		remove("stop", "--all")
		remove("prune", "--all", "--force")
	}
	for _, name := range stackNames() {
		remove("prune", "--all", "--force", "--stack", name)
	}
	return errors.Join(errs...)
}

// compare reports what the tests left on the engine, or took from it: of everything when the engine is ours alone,
// otherwise of what bears the names of our stacks.
func compare(before []string) error {
	if Suite.Strict {
		after, err := Observe()
		if err != nil || slices.Equal(before, after) {
			return err
		}
		return fmt.Errorf("the engine is not what it was before\n%s", difference(before, after))
	}
	for _, name := range stackNames() {
		left, err := Observe(StackLabel + "=" + name)
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

// Container is what `docker inspect` says of a container.
type Container struct {
	State           struct{ StartedAt string }
	Config          struct{ Cmd []string }
	Mounts          []struct{ Type string }
	NetworkSettings struct {
		Networks map[string]struct{ IPAddress string }
		Ports    map[string][]struct{ HostIP, HostPort string }
	}
}

// Inspect looks at a container.
func Inspect(t testing.TB, id string) Container {
	t.Helper()
	var list []Container
	assert.NilError(t, json.Unmarshal([]byte(Docker(t, "inspect", id)), &list))
	return list[0]
}

// Address is the container's in the one network that it is in.
func (c Container) Address(t testing.TB) string {
	t.Helper()
	assert.Equal(t, len(c.NetworkSettings.Networks), 1)
	for _, n := range c.NetworkSettings.Networks {
		return n.IPAddress
	}
	panic("unreachable")
}

// ForeignImage makes an image that has nothing to do with us, and returns its identifier.
func ForeignImage(t testing.TB, name string, changes ...string) string {
	t.Helper()
	cmd := exec.Command("docker", append(append([]string{"import"}, changes...), "-", name)...)
	cmd.Stdin = bytes.NewReader(make([]byte, 1024)) // a tar file without a member
	out, err := cmd.Output()
	assert.NilError(t, err)
	t.Cleanup(func() { Docker(t, "rmi", name) })
	return strings.TrimSpace(string(out))
}
