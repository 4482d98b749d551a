package owner

import (
	"strings"
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/internal/label"
)

func TestOwnerText(t *testing.T) {
	for _, o := range []Owner{
		Current(),
		{Host: "a/b?c&d=e%f ü", Machine: "0a", Boot: "1b", Space: "4026531836", PID: 1, Start: "12345", Lock: "L", Container: "c", Since: "2024-02-29T12:00:00.5Z"},
		{Host: "host", PID: 99},
		{},
	} {
		got, err := Parse(o.String())
		assert.NilError(t, err)
		assert.Equal(t, got, o)
	}
	assert.Equal(t, Owner{Host: "h", Boot: "b", PID: 2, Start: "3"}.String(), "v2?boot=b&host=h&pid=2&start=3")
	for _, bad := range []string{"", "x", "a/b/c", "a/b/c/d", "a/b//d", "v2?", "v2?pid=x", "v2?%zz", "v3?pid=1"} {
		_, err := Parse(bad)
		assert.ErrorContains(t, err, "malformed owner", bad)
	}
}

// TestR12HostNameWithSlashes: an owner in the format of older releases can be read whatever the host is called.
func TestR12HostNameWithSlashes(t *testing.T) {
	for _, host := range []string{"host", "a/b", "a/b/c", "/"} {
		o, err := Parse(host + ":4026531836/5bd4bbf3-2d3c-4b0e-9a57-0123456789ab/4711/12345")
		assert.NilError(t, err)
		assert.Equal(t, o, Owner{Host: host, PID: 4711})
	}
}

// TestOwnerSaysNothingOfTheMachine: labels can be read by all who use the engine, and machine-id(5) is to be kept.
func TestOwnerSaysNothingOfTheMachine(t *testing.T) {
	text := Current().String()
	for _, secret := range []string{machineID(), bootID()} {
		assert.Assert(t, secret == "" || !strings.Contains(text, secret))
	}
}

// TestDescribe: for people, who need to know which process they wait for.
func TestDescribe(t *testing.T) {
	here, there, inside := Current(), Current(), Current()
	here.PID, there.PID, there.Host, there.Boot = 4711, 4711, "build-7", "another"
	inside.PID, inside.Container = 7, strings.Repeat("ab", 32)
	made := time.Date(2024, 2, 29, 12, 0, 5, 0, time.Local).UTC().Format(time.RFC3339Nano)
	for _, c := range []struct {
		labels map[string]string
		want   string
	}{
		{map[string]string{label.Owner: here.String()}, "process 4711"},
		{map[string]string{label.Owner: there.String()}, "process 4711 on build-7"},
		{map[string]string{label.Owner: "build-7:12/boot/4711/3"}, "process 4711 on build-7"},
		{map[string]string{label.Owner: inside.String()}, "process 7 in container abababababab"},
		{map[string]string{label.Owner: there.String(), label.Created: made}, "process 4711 on build-7, at work since 12:00:05"},
		{map[string]string{label.Owner: "x"}, "an unknown process"},
		{nil, "an unknown process"},
	} {
		assert.Equal(t, Describe(c.labels), c.want)
	}
}
