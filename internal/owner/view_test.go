package owner

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gotest.tools/v3/assert"
	"gotest.tools/v3/poll"

	"github.com/docker-bmo/docker-bmo/internal/label"
)

// holder makes this test's program one that holds a lock, says so, and waits for its end.
const holder = "DOCKER_BMO_TEST_HOLD"

func TestMain(m *testing.M) {
	if dir := os.Getenv(holder); dir != "" {
		o := Current()
		var err error
		if o.Lock, err = Hold(dir); err != nil {
			os.Exit(1)
		}
		os.Stdout.WriteString(o.String() + "\n")
		select {}
	}
	os.Exit(m.Run())
}

// another starts another process that holds a lock, and returns it as an owner. end kills it.
func another(t *testing.T, dir string) (o Owner, end func()) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), holder+"="+dir)
	out, err := cmd.StdoutPipe()
	assert.NilError(t, err)
	assert.NilError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	line := make([]byte, 1000)
	n, err := out.Read(line)
	assert.NilError(t, err)
	o, err = Parse(string(line[:n-1]))
	assert.NilError(t, err)
	return o, func() {
		assert.NilError(t, cmd.Process.Kill())
		_ = cmd.Wait()
	}
}

// containers is a View's Container that knows these, by identifier.
func containers(since map[string]string) func(context.Context, string) (string, error) {
	return func(_ context.Context, id string) (string, error) {
		if id == "unanswered" {
			return "", errors.New("not now")
		}
		return since[id], nil
	}
}

// rule is a row of the table "Who may sweep what" in docs/reliability.md.
type rule struct {
	name   string
	change func(*Owner) // of an owner that runs, with a lock
	want   State
}

// elsewhere makes an owner one of another machine.
func elsewhere(o *Owner) { o.Machine, o.Boot = "another", "another" }

// unlocked makes an owner one whose lock cannot be seen.
func unlocked(o *Owner) { o.Lock = "" }

func rules() []rule {
	apart := func(o *Owner) { unlocked(o); o.Space = "1" }
	return []rule{
		{"the lock is held", func(*Owner) {}, Alive},
		{"the lock is held by a process that cannot be seen", func(o *Owner) { o.Space, o.PID, o.Start = "1", 1, "1" }, Alive},
		{"no lock, the process runs", unlocked, Alive},
		{"no lock, its start cannot be seen", func(o *Owner) { unlocked(o); o.Start = "" }, Alive},
		{"no lock, the process identifier is used again", func(o *Owner) { unlocked(o); o.Start += "1" }, Gone},
		{"no lock, another process namespace", apart, Unknown},
		{"another machine of the same name", func(o *Owner) { elsewhere(o); unlocked(o) }, Unknown},
		{"another machine, its lock in a shared folder", elsewhere, Unknown},
		{"a copy of this machine, or before its last start", func(o *Owner) { unlocked(o); o.Boot = "another" }, Unknown},
		{"no boot is known", func(o *Owner) { unlocked(o); o.Machine, o.Boot = "", "" }, Unknown},
		{"in a container that runs", func(o *Owner) { apart(o); o.Container, o.Since = "c", "noon" }, Alive},
		{"in a container that is gone", func(o *Owner) { apart(o); o.Container, o.Since = "gone", "noon" }, Gone},
		{"in a container that was started again", func(o *Owner) { apart(o); o.Container, o.Since = "c", "morning" }, Gone},
		{"in a container that the engine says nothing of", func(o *Owner) { apart(o); o.Container = "unanswered" }, Unknown},
	}
}

func TestR1WhoMaySweepWhat(t *testing.T) {
	dir := t.TempDir()
	view := View{Locks: dir, Container: containers(map[string]string{"c": "noon"})}
	living, _ := another(t, dir)
	for _, r := range rules() {
		t.Run(r.name, func(t *testing.T) {
			o := living
			r.change(&o)
			assert.Equal(t, view.Look(t.Context(), o), r.want)
		})
	}
}

// TestR1LockOfTheDead: the system gives a lock back however its process ended, and that counts before any other mark, also
// after another start of the machine.
func TestR1LockOfTheDead(t *testing.T) {
	dir := t.TempDir()
	dead, end := another(t, dir)
	view := View{Locks: dir}
	assert.Equal(t, view.Look(t.Context(), dead), Alive)
	end()
	assert.Equal(t, view.Look(t.Context(), dead), Gone)
	apart := dead
	apart.Space = "1"
	assert.Equal(t, view.Look(t.Context(), apart), Gone)
	if dead.Machine != "" {
		restarted := apart
		restarted.Boot = "another"
		assert.Equal(t, view.Look(t.Context(), restarted), Gone)
	}
	foreign := dead
	elsewhere(&foreign)
	assert.Equal(t, view.Look(t.Context(), foreign), Unknown)
	assert.Equal(t, View{}.Look(t.Context(), dead), Gone) // its process is not there, either
}

// TestR2WhatCannotBeSeen: nothing in a lock's name leads to another file.
func TestR2WhatCannotBeSeen(t *testing.T) {
	dir := t.TempDir()
	assert.NilError(t, os.WriteFile(filepath.Join(dir, "x.lock"), nil, 0o600))
	sub := filepath.Join(dir, "sub")
	assert.NilError(t, os.Mkdir(sub, 0o700))
	assert.Equal(t, tryLock(dir, "x"), Gone)
	for _, name := range []string{"", "..", "../x", "sub/../x", "nothing"} {
		assert.Equal(t, tryLock(sub, name), Unknown, name)
	}
	assert.Equal(t, tryLock("", "x"), Unknown)
}

func TestHold(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	name, err := Hold(dir)
	assert.NilError(t, err)
	again, err := Hold(dir)
	assert.NilError(t, err)
	assert.Equal(t, again, name)
	assert.Equal(t, tryLock(dir, name), Alive)
	info, err := os.Stat(dir)
	assert.NilError(t, err)
	assert.Equal(t, info.Mode().Perm()&0o077, os.FileMode(0))
	_, err = Hold(filepath.Join(dir, name+suffix, "x"))
	assert.Assert(t, err != nil)
}

// TestTidy: locks do not pile up, and those of the living stay however old they are.
func TestTidy(t *testing.T) {
	dir := t.TempDir()
	living, _ := another(t, dir)
	for _, name := range []string{"old.lock", "young.lock", "notes.txt"} {
		assert.NilError(t, os.WriteFile(filepath.Join(dir, name), nil, 0o600))
	}
	long := time.Now().Add(-Foreign - time.Minute)
	for _, name := range []string{"old.lock", "notes.txt", living.Lock + suffix} {
		assert.NilError(t, os.Chtimes(filepath.Join(dir, name), long, long))
	}
	tidy(dir)
	left, err := filepath.Glob(filepath.Join(dir, "*"))
	assert.NilError(t, err)
	assert.Equal(t, len(left), 3, "%v", left)
	_, err = os.Stat(filepath.Join(dir, "old.lock"))
	assert.Assert(t, os.IsNotExist(err))
}

func TestProcessThatHasEnded(t *testing.T) {
	cmd := exec.Command("sleep", "1000")
	assert.NilError(t, cmd.Start())
	o := Current()
	o.PID, o.Start = cmd.Process.Pid, startTime(cmd.Process.Pid)
	assert.Equal(t, View{}.Look(t.Context(), o), Alive)

	assert.NilError(t, cmd.Process.Kill())
	// Nobody has waited for it yet, so it is a zombie, which counts as ended.
	poll.WaitOn(t, func(poll.LogT) poll.Result {
		if (View{}).Look(t.Context(), o) != Gone {
			return poll.Continue("still alive")
		}
		return poll.Success()
	}, poll.WithDelay(time.Millisecond), poll.WithTimeout(time.Minute))
	_ = cmd.Wait()
	assert.Equal(t, View{}.Look(t.Context(), o), Gone)
}

func TestOrphaned(t *testing.T) {
	self, gone, foreign := Current(), Current(), Current()
	gone.Start = "0"
	elsewhere(&foreign)
	at := func(age time.Duration) string { return time.Now().Add(-age).UTC().Format(time.RFC3339Nano) }
	for _, c := range []struct {
		name   string
		labels map[string]string
		want   bool
	}{
		{"none", nil, false},
		{"no owner", map[string]string{label.Role: label.RoleInstance}, false},
		{"living", map[string]string{label.Owner: self.String(), label.Created: at(0)}, false},
		{"living for long", map[string]string{label.Owner: self.String(), label.Created: at(1000 * time.Hour)}, false},
		{"gone", map[string]string{label.Owner: gone.String(), label.Created: at(0)}, true},
		{"gone, no time", map[string]string{label.Owner: gone.String()}, true},
		{"foreign", map[string]string{label.Owner: foreign.String(), label.Created: at(time.Hour)}, false},
		{"foreign, its clock ahead", map[string]string{label.Owner: foreign.String(), label.Created: at(-time.Hour)}, false},
		{"foreign, just within the time", map[string]string{label.Owner: foreign.String(), label.Created: at(Foreign - time.Minute)}, false},
		{"foreign and old", map[string]string{label.Owner: foreign.String(), label.Created: at(Foreign)}, true},
		{"foreign, time unreadable", map[string]string{label.Owner: foreign.String(), label.Created: "yesterday"}, false},
		{"of an older release", map[string]string{label.Owner: "h:1/b/1/1", label.Created: at(time.Hour)}, false},
		{"of an older release, old", map[string]string{label.Owner: "a/b:1/b/1/1", label.Created: at(Foreign)}, true},
		{"of a newer release", map[string]string{label.Owner: "v3:me", label.Created: at(time.Hour)}, false},
		{"of a newer release, old", map[string]string{label.Owner: "v3:me", label.Created: at(Foreign)}, true},
	} {
		t.Run(c.name, func(t *testing.T) { assert.Equal(t, View{}.Orphaned(t.Context(), c.labels), c.want) })
	}
}

// TestR1TheTableIsDocumented: each rule is a row of docs/reliability.md that says the same.
func TestR1TheTableIsDocumented(t *testing.T) {
	doc, err := os.ReadFile(filepath.Join("..", "..", "docs", "reliability.md"))
	assert.NilError(t, err)
	for _, r := range rules() {
		row := "| " + r.name + " | " + map[State]string{Alive: "never", Gone: "at once", Unknown: "after a day"}[r.want] + " |\n"
		assert.Assert(t, strings.Contains(string(doc), row), row)
	}
}
