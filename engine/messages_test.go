package engine_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/pkg/stdcopy"
	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/engine/enginetest"
)

// ended is a container that has run program, with the engine that has it.
func ended(t *testing.T, program enginetest.Program) (*enginetest.Fake, *engine.Engine, string) {
	t.Helper()
	f := enginetest.New(t)
	f.AddImage(enginetest.Image{Tags: []string{"app"}})
	f.SetPrograms(func(enginetest.Spec) enginetest.Program { return program })
	e := f.Engine(t)
	id, err := e.CreateContainer(t.Context(), engine.ContainerSpec{Name: "c", Image: "app", Labels: map[string]string{"a": "b"}})
	assert.NilError(t, err)
	p, err := e.Start(t.Context(), id, nil, nil)
	assert.NilError(t, err)
	_, err = p.Wait(t.Context())
	assert.NilError(t, err)
	return f, e, id
}

// TestR7Messages: the parts of a line that is longer than the engine's messages come without the times in between.
func TestR7Messages(t *testing.T) {
	chunk := strings.Repeat("x", 16<<10)
	_, e, id := ended(t, func(p *enginetest.Proc) int {
		_, _ = io.WriteString(p.Stdout, chunk)
		_, _ = io.WriteString(p.Stderr, "trouble\n")
		_, _ = io.WriteString(p.Stdout, "end\n")
		_, _ = io.WriteString(p.Stdout, "\n")
		_, _ = io.WriteString(p.Stdout, "2026 no time")
		return 0
	})
	var got []string
	assert.NilError(t, e.Messages(t.Context(), id, time.Time{}, true, func(m engine.Message) {
		assert.Assert(t, !m.Time.IsZero())
		got = append(got, fmt.Sprint(string(m.Text), m.Stderr, m.More))
	}))
	assert.DeepEqual(t, got, []string{chunk + "false true", "troubletrue false", "endfalse false", "false false", "2026 no timefalse true"})
	assert.NilError(t, e.Messages(t.Context(), id, time.Now().Add(time.Hour), false, func(engine.Message) { t.Error("later") }))
}

// stubborn is a client whose logs go on when their context is done.
type stubborn struct {
	engine.API
	log []byte
}

func (s stubborn) ContainerLogs(context.Context, string, container.LogsOptions) (io.ReadCloser, error) {
	return io.NopCloser(bytes.NewReader(s.log)), nil
}

// TestR9MessagesEndAtOnce: whoever has enough of a log reads no more of it, however soon the connection breaks.
func TestR9MessagesEndAtOnce(t *testing.T) {
	const lines = 10_000
	f, _, id := ended(t, enginetest.Exit(0))
	var log bytes.Buffer
	out := stdcopy.NewStdWriter(&log, stdcopy.Stdout)
	for range lines {
		fmt.Fprintln(out, "2026-03-04T12:00:00.123456789Z "+strings.Repeat("x", 1<<10))
	}
	e := engine.New(stubborn{f.Client(t), log.Bytes()})
	ctx, enough := context.WithCancel(t.Context())
	got := 0
	assert.NilError(t, e.Messages(ctx, id, time.Time{}, true, func(engine.Message) {
		got++
		enough()
	}))
	assert.Assert(t, got < lines/10, "%d", got)
}

// TestR7RawMessages: the log of a container that has a terminal has no frames.
func TestR7RawMessages(t *testing.T) {
	const stamp = "2026-03-04T12:00:00.123456789Z "
	chunk := strings.Repeat("x", 16<<10)
	var got []string
	read := func(s string) []string {
		got = nil
		assert.NilError(t, engine.RawMessages(strings.NewReader(s), func(m engine.Message) {
			got = append(got, fmt.Sprint(m.Time.Nanosecond(), " ", string(m.Text), " ", m.More))
		}))
		return got
	}
	assert.DeepEqual(t, read(stamp+"one\r\n"+stamp+"\r\n"+stamp+"two"), []string{"123456789 one\r false", "123456789 \r false", "123456789 two true"})
	assert.DeepEqual(t, read(stamp+chunk+stamp+"end\n"), []string{"123456789 " + chunk + " true", "123456789 end false"})
	assert.DeepEqual(t, read(stamp+chunk+"\n"+stamp+"end\n"), []string{"123456789 " + chunk + " true", "0  false", "123456789 end false"})
}

func TestEvents(t *testing.T) {
	f, e, id := ended(t, enginetest.Exit(3))
	var got []string
	take := func(ev engine.Event) {
		assert.Equal(t, ev.ID, id)
		got = append(got, strings.TrimSpace(ev.Action+" "+ev.Attributes["exitCode"]))
	}
	assert.NilError(t, e.Events(t.Context(), time.Time{}, time.Now(), take, "a=b"))
	assert.DeepEqual(t, got, []string{"create", "start", "die 3"})
	assert.NilError(t, e.Events(t.Context(), time.Time{}, time.Now(), func(engine.Event) { t.Error("not asked for") }, "a=c"))

	f.Fail(http.MethodGet, "/events", http.StatusInternalServerError, "out of order", 1)
	assert.ErrorContains(t, e.Events(t.Context(), time.Time{}, time.Time{}, take), "out of order")
}

// TestLook: what is known of a container that has ended.
func TestLook(t *testing.T) {
	_, e, id := ended(t, enginetest.Exit(3))
	c, err := e.Look(t.Context(), id)
	assert.NilError(t, err)
	assert.Equal(t, c.ExitCode, 3)
	assert.Assert(t, !c.Running && c.Finished.After(c.Created) && !c.Started.IsZero())
	assert.Equal(t, c.Labels["a"], "b")
	_, err = e.Look(t.Context(), "none")
	assert.Assert(t, engine.IsNotFound(err))
}

// TestClock: what the engine and this machine do is put in one order by the engine's clock.
func TestClock(t *testing.T) {
	f := enginetest.New(t)
	e := f.Engine(t)
	_, err := e.Connect(t.Context())
	assert.NilError(t, err)
	assert.Assert(t, time.Since(e.Now()).Abs() < time.Minute)
	f.SetNow(func() time.Time { return time.Now().Add(-3 * time.Hour) })
	_, err = e.Connect(t.Context())
	assert.NilError(t, err)
	assert.Assert(t, (time.Since(e.Now())-3*time.Hour).Abs() < time.Minute)
}
