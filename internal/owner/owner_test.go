package owner

import (
	"os/exec"
	"testing"
	"time"

	"gotest.tools/v3/assert"
	"gotest.tools/v3/poll"

	"github.com/docker-bmo/docker-bmo/internal/label"
)

func TestOwnerText(t *testing.T) {
	for _, o := range []Owner{
		Current(),
		{Host: "host:4026531836", Boot: "5bd4bbf3-2d3c-4b0e-9a57-0123456789ab", PID: 1, Start: "12345"},
		{Host: "host", PID: 99},
		{},
	} {
		got, err := Parse(o.String())
		assert.NilError(t, err)
		assert.Equal(t, got, o)
	}
	assert.Equal(t, Owner{Host: "h:1", Boot: "b", PID: 2, Start: "3"}.String(), "h:1/b/2/3")
	for _, bad := range []string{"", "x", "a/b/c", "a/b/c/d", "a/b/1/d/e", "a/b//d"} {
		_, err := Parse(bad)
		assert.ErrorContains(t, err, "malformed owner", bad)
	}
}

// TestDescribe: for people, who need to know which process they wait for.
func TestDescribe(t *testing.T) {
	here, there := Current(), Current()
	here.PID, there.PID, there.Host = 4711, 4711, "build-7:4026531836"
	made := time.Date(2024, 2, 29, 12, 0, 5, 0, time.Local).UTC().Format(time.RFC3339Nano)
	for _, c := range []struct {
		labels map[string]string
		want   string
	}{
		{map[string]string{label.Owner: here.String()}, "process 4711"},
		{map[string]string{label.Owner: there.String()}, "process 4711 on build-7"},
		{map[string]string{label.Owner: there.String(), label.Created: made}, "process 4711 on build-7, at work since 12:00:05"},
		{map[string]string{label.Owner: "x"}, "an unknown process"},
		{nil, "an unknown process"},
	} {
		assert.Equal(t, Describe(c.labels), c.want)
	}
}

func TestCurrent(t *testing.T) {
	o := Current()
	assert.Assert(t, o.Alive(time.Now()))
	assert.Assert(t, o.Alive(time.Time{})) // its own host knows, however old the object is
}

func TestOwnerThatIsSomebodyElse(t *testing.T) {
	now := time.Now()
	for _, c := range []struct {
		name    string
		change  func(*Owner)
		created time.Time
		alive   bool
	}{
		{"process identifier used again", func(o *Owner) { o.Start += "1" }, now, false},
		{"no start time", func(o *Owner) { o.Start = "" }, now, false},
		{"another boot", func(o *Owner) { o.Boot = "other" }, now, false},
		{"another host, just now", func(o *Owner) { o.Host = "other" }, now, true},
		{"another host, its clock ahead", func(o *Owner) { o.Host = "other" }, now.Add(time.Hour), true},
		{"another host, within the time", func(o *Owner) { o.Host = "other" }, now.Add(time.Minute - Foreign), true},
		{"another host, after the time", func(o *Owner) { o.Host = "other" }, now.Add(-Foreign), false},
		{"another host's boot is not ours to judge", func(o *Owner) { o.Host, o.Boot = "other", "other" }, now, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := Current()
			c.change(&o)
			assert.Equal(t, o.Alive(c.created), c.alive)
		})
	}
}

func TestOwnerThatHasEnded(t *testing.T) {
	cmd := exec.Command("sleep", "1000")
	assert.NilError(t, cmd.Start())
	o := Current()
	o.PID, o.Start = cmd.Process.Pid, startTime(cmd.Process.Pid)
	assert.Assert(t, o.Alive(time.Now()))

	assert.NilError(t, cmd.Process.Kill())
	// Nobody has waited for it yet, so it is a zombie, which counts as ended.
	poll.WaitOn(t, func(poll.LogT) poll.Result {
		if o.Alive(time.Now()) {
			return poll.Continue("still alive")
		}
		return poll.Success()
	}, poll.WithDelay(time.Millisecond), poll.WithTimeout(time.Minute))
	_ = cmd.Wait()
	assert.Assert(t, !o.Alive(time.Now()))
}

func TestOrphaned(t *testing.T) {
	self, gone, foreign := Current(), Current(), Current()
	gone.Start = "0"
	foreign.Host = "other"
	at := func(age time.Duration) string { return time.Now().Add(-age).UTC().Format(time.RFC3339Nano) }
	for _, c := range []struct {
		name   string
		labels map[string]string
		want   bool
	}{
		{"none", nil, false},
		{"no owner", map[string]string{label.Role: label.RoleInstance}, false},
		{"unreadable", map[string]string{label.Owner: "somebody"}, false},
		{"living", map[string]string{label.Owner: self.String(), label.Created: at(0)}, false},
		{"gone", map[string]string{label.Owner: gone.String(), label.Created: at(0)}, true},
		{"gone, no time", map[string]string{label.Owner: gone.String()}, true},
		{"foreign", map[string]string{label.Owner: foreign.String(), label.Created: at(time.Hour)}, false},
		{"foreign and old", map[string]string{label.Owner: foreign.String(), label.Created: at(25 * time.Hour)}, true},
		{"foreign, time unreadable", map[string]string{label.Owner: foreign.String(), label.Created: "yesterday"}, false},
	} {
		t.Run(c.name, func(t *testing.T) { assert.Equal(t, Orphaned(c.labels), c.want) })
	}
}
