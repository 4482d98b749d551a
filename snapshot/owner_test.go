package snapshot

import (
	"os/exec"
	"testing"
	"time"

	"gotest.tools/v3/assert"
	"gotest.tools/v3/poll"
)

func TestOwnerText(t *testing.T) {
	for _, o := range []Owner{
		Self(),
		{Host: "host:4026531836", Boot: "5bd4bbf3-2d3c-4b0e-9a57-0123456789ab", PID: 1, Start: "12345"},
		{Host: "host", PID: 99},
		{},
	} {
		got, err := ParseOwner(o.String())
		assert.NilError(t, err)
		assert.Equal(t, got, o)
	}
	assert.Equal(t, Owner{Host: "h:1", Boot: "b", PID: 2, Start: "3"}.String(), "h:1/b/2/3")
	for _, bad := range []string{"", "x", "a/b/c", "a/b/c/d", "a/b/1/d/e", "a/b//d"} {
		_, err := ParseOwner(bad)
		assert.ErrorContains(t, err, "malformed owner", bad)
	}
}

// TestDescribeOwner: for people, who have to know whom they wait for.
func TestDescribeOwner(t *testing.T) {
	here, there := Self(), Self()
	here.PID, there.PID, there.Host = 4711, 4711, "build-7:4026531836"
	made := time.Date(2024, 2, 29, 12, 0, 5, 0, time.Local).UTC().Format(time.RFC3339Nano)
	for _, c := range []struct {
		labels map[string]string
		want   string
	}{
		{map[string]string{LabelOwner: here.String()}, "process 4711"},
		{map[string]string{LabelOwner: there.String()}, "process 4711 on build-7"},
		{map[string]string{LabelOwner: there.String(), LabelCreated: made}, "process 4711 on build-7, at work since 12:00:05"},
		{map[string]string{LabelOwner: "x"}, "an unknown process"},
		{nil, "an unknown process"},
	} {
		assert.Equal(t, DescribeOwner(c.labels), c.want)
	}
}

func TestSelf(t *testing.T) {
	o := Self()
	assert.Assert(t, o.Alive(time.Now()))
	assert.Assert(t, o.Alive(time.Time{})) // its own host knows, however old
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
			o := Self()
			c.change(&o)
			assert.Equal(t, o.Alive(c.created), c.alive)
		})
	}
}

func TestOwnerThatHasEnded(t *testing.T) {
	cmd := exec.Command("sleep", "1000")
	assert.NilError(t, cmd.Start())
	o := Self()
	o.PID, o.Start = cmd.Process.Pid, startTime(cmd.Process.Pid)
	assert.Assert(t, o.Alive(time.Now()))

	assert.NilError(t, cmd.Process.Kill())
	// Nobody has waited for it yet, so it is a zombie, which has ended all the same.
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
	self, gone, foreign := Self(), Self(), Self()
	gone.Start = "0"
	foreign.Host = "other"
	at := func(age time.Duration) string { return time.Now().Add(-age).UTC().Format(time.RFC3339Nano) }
	for _, c := range []struct {
		name   string
		labels map[string]string
		want   bool
	}{
		{"none", nil, false},
		{"no owner", map[string]string{LabelRole: RoleInstance}, false},
		{"unreadable", map[string]string{LabelOwner: "somebody"}, false},
		{"living", map[string]string{LabelOwner: self.String(), LabelCreated: at(0)}, false},
		{"gone", map[string]string{LabelOwner: gone.String(), LabelCreated: at(0)}, true},
		{"gone, no time", map[string]string{LabelOwner: gone.String()}, true},
		{"foreign", map[string]string{LabelOwner: foreign.String(), LabelCreated: at(time.Hour)}, false},
		{"foreign and old", map[string]string{LabelOwner: foreign.String(), LabelCreated: at(25 * time.Hour)}, true},
		{"foreign, time unreadable", map[string]string{LabelOwner: foreign.String(), LabelCreated: "yesterday"}, false},
	} {
		t.Run(c.name, func(t *testing.T) { assert.Equal(t, Orphaned(c.labels), c.want) })
	}
}

func TestStartingName(t *testing.T) {
	assert.Assert(t, Starting(StartingName("docker-bmo-x-web")))
	assert.Assert(t, !Starting("docker-bmo-x-web"))
}
