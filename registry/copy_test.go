package registry

import (
	"context"
	"errors"
	"net/http"
	"os"
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/engine/enginetest"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/snapshot"
)

// copyTo copies a snapshot, and returns what the other engine has then.
func (m *machine) copyTo(ctx context.Context, t *testing.T, to *machine, s snapshot.Snapshot) (*snapshot.Snapshot, Moved, error) {
	t.Helper()
	info, err := to.e.Connect(t.Context())
	assert.NilError(t, err)
	dir := t.TempDir()
	moved, err := Copy(ctx, CopyRequest{
		Snapshot: s, From: m.e, To: to.e, Platform: platform, ByContent: info.ContainerdStore, Dir: dir,
	})
	left, readErr := os.ReadDir(dir)
	assert.NilError(t, readErr)
	assert.Equal(t, len(left), 0)
	if err != nil {
		return nil, moved, err
	}
	got, err := snapshot.FindKey(t.Context(), to.e, s.Key)
	return got, moved, err
}

// TestCopy: only what no image of the other engine has moves, whoever that image belongs to, and nothing that is for one
// user only.
func TestCopy(t *testing.T) {
	for name, kinds := range stores {
		t.Run(name, func(t *testing.T) {
			a, b := newMachine(t), newMachine(t)
			a.SetAbout(kinds[0])
			b.SetAbout(kinds[1])
			b.AddImage(enginetest.Image{
				Tags: []string{"somebody:else"}, Labels: map[string]string{}, Layers: []enginetest.Layer{{Name: "base", Size: 100e6}, {Name: "theirs", Size: 1}},
			})
			first, second := a.bootstrapped("aa", noon), a.bootstrapped("bb", noon.Add(time.Hour))
			before := a.Objects()
			got, moved, err := a.copyTo(t.Context(), t, b, first)
			assert.NilError(t, err)
			assert.Assert(t, got.Complete())
			assert.Equal(t, got.Images["web"].Labels[label.Start], "")
			assert.Assert(t, moved.Sent > 0 && moved.Sent < moved.Total, "%+v", moved)
			again, less, err := a.copyTo(t.Context(), t, b, second)
			assert.NilError(t, err)
			assert.Equal(t, again.Key, second.Key)
			assert.Assert(t, less.Sent > 0 && less.Sent <= moved.Sent, "%+v after %+v", less, moved)
			assert.DeepEqual(t, a.Objects(), before)
			assert.Equal(t, a.Count("POST", ".*")+a.Count("DELETE", ".*"), 0)
		})
	}
}

// TestCopyThatFails: the error is the one of the engine that has failed, and nothing of the snapshot stays on the other.
func TestCopyThatFails(t *testing.T) {
	rows := map[string]struct {
		fault func(a, b *machine)
		want  string
	}{
		"the first engine cannot read": {func(a, _ *machine) { a.Fail("GET", "/images/get", 500, "input/output error", 1) }, "input/output error"},
		"the first engine is lost": {func(a, _ *machine) {
			a.Before("GET", "/images/get", func(*http.Request) { panic(http.ErrAbortHandler) })
		}, "EOF"},
		"the second engine is full": {func(_, b *machine) { b.Fail("POST", "/images/load", 500, "no space left on device", 1) }, "no space left on device"},
		"the second engine is lost": {func(_, b *machine) {
			b.Before("POST", "/images/load", func(*http.Request) { panic(http.ErrAbortHandler) })
		}, "EOF"},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			a, b := newMachine(t), newMachine(t)
			s := a.bootstrapped("aa", noon)
			row.fault(a, b)
			_, _, err := a.copyTo(t.Context(), t, b, s)
			assert.ErrorContains(t, err, row.want)
			var archive *ArchiveError
			assert.Assert(t, !errors.As(err, &archive), "%v", err)
			assert.Equal(t, len(b.Objects()), 0)
			_, _, err = a.copyTo(t.Context(), t, b, s)
			assert.Assert(t, err == nil || engine.Lost(err) != nil, "%v", err)
		})
	}
}

// TestCopyInterrupted: it ends at once, and nothing of the snapshot stays.
func TestCopyInterrupted(t *testing.T) {
	a, b := newMachine(t), newMachine(t)
	s := a.bootstrapped("aa", noon)
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("interrupted")
	b.Before("POST", "/images/load", func(*http.Request) { cancel(stop) })
	_, _, err := a.copyTo(ctx, t, b, s)
	assert.ErrorIs(t, err, stop)
	assert.Equal(t, len(b.Objects()), 0)
}

// TestCopyDuringPrune: an image whose layers were not sent is removed by somebody else on the way, again and again.
func TestCopyDuringPrune(t *testing.T) {
	a, b := newMachine(t), newMachine(t)
	s := a.bootstrapped("aa", noon)
	theirs := func() {
		b.AddImage(enginetest.Image{
			Tags: []string{"somebody:else"}, Labels: map[string]string{}, Layers: []enginetest.Layer{{Name: "base", Size: 100e6}, {Name: "theirs", Size: 1}},
		})
	}
	theirs()
	times := 0
	a.Before("GET", "/images/get", func(*http.Request) {
		times++
		_, _, err := b.e.RemoveImage(t.Context(), "somebody:else")
		assert.Check(t, err == nil || engine.IsNotFound(err), "%v", err)
	})
	got, moved, err := a.copyTo(t.Context(), t, b, s)
	assert.NilError(t, err)
	assert.Assert(t, got.Complete())
	assert.Equal(t, times, 2)
	assert.Equal(t, moved.Sent, moved.Total)
}
