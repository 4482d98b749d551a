package journal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"

	"gotest.tools/v3/assert"
)

// recording returns a recorder and what it has shown so far, one "SOURCE | TEXT" a line.
func recording() (*Recorder, func() []string) {
	var mu sync.Mutex
	var lines []string
	r := New(func(l Line) {
		mu.Lock()
		defer mu.Unlock()
		lines = append(lines, l.Source+" | "+l.Text)
	})
	return r, func() []string {
		mu.Lock()
		defer mu.Unlock()
		return append([]string(nil), lines...)
	}
}

func TestLines(t *testing.T) {
	for _, c := range []struct {
		name   string
		writes []string
		want   []string
		// flushed is what comes in addition when the recorder is flushed.
		flushed []string
	}{
		{name: "nothing"},
		{name: "nothing written", writes: []string{""}},
		{name: "a line", writes: []string{"one\n"}, want: []string{"one"}},
		{name: "two lines at once", writes: []string{"one\ntwo\n"}, want: []string{"one", "two"}},
		{name: "a line in pieces", writes: []string{"o", "", "n", "e", "\n"}, want: []string{"one"}},
		{name: "end of one and beginning of another", writes: []string{"o", "ne\ntw", "o\n"}, want: []string{"one", "two"}},
		{name: "empty lines", writes: []string{"\n\n", "\n"}, want: []string{"", "", ""}},
		{name: "carriage returns", writes: []string{"one\r\ntwo\r", "\n"}, want: []string{"one", "two"}},
		{name: "carriage return within", writes: []string{"10%\r20%\n"}, want: []string{"10%\r20%"}},
		{name: "unfinished", writes: []string{"one\ntw", "o"}, want: []string{"one"}, flushed: []string{"two"}},
		{name: "not UTF-8", writes: []string{"\xff\n"}, want: []string{"\xff"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, shown := recording()
			w := r.Source("web")
			for _, s := range c.writes {
				n, err := io.WriteString(w, s)
				assert.NilError(t, err)
				assert.Equal(t, n, len(s))
			}
			assert.DeepEqual(t, shown(), prefixed("web | ", c.want))
			r.Flush()
			assert.DeepEqual(t, shown(), prefixed("web | ", append(c.want, c.flushed...)))
			r.Flush()
			assert.Equal(t, len(shown()), len(c.want)+len(c.flushed))
		})
	}
}

func prefixed(prefix string, lines []string) (out []string) {
	for _, l := range lines {
		out = append(out, prefix+l)
	}
	return out
}

// TestWritersBufferIsNotKept: io.Writer's users may use their buffer again.
func TestWritersBufferIsNotKept(t *testing.T) {
	r, shown := recording()
	w := r.Source("web")
	b := []byte("one")
	_, _ = w.Write(b)
	copy(b, "XXX")
	_, _ = io.WriteString(w, "\n")
	assert.DeepEqual(t, shown(), []string{"web | one"})
}

func TestSourcesKeepApart(t *testing.T) {
	r, shown := recording()
	web, db, webErr := r.Source("web"), r.Source("db"), r.Source("web")
	_, _ = io.WriteString(web, "GET ")
	_, _ = io.WriteString(db, "Query\n")
	_, _ = io.WriteString(webErr, "warning\n")
	r.Note("step %d", 1)
	_, _ = io.WriteString(web, "/rest\n")
	assert.DeepEqual(t, shown(), []string{"db | Query", "web | warning", "bmo | step 1", "web | GET /rest"})
}

func TestTail(t *testing.T) {
	r, shown := recording()
	web, webErr, db := r.Source("web"), r.Source("web"), r.Source("db")
	for i := range 2 * TailLines {
		fmt.Fprintf(web, "line %d\n", i)
	}
	fmt.Fprint(webErr, "at the end")
	fmt.Fprint(db, "unfinished")
	tail := r.Tail("web")
	assert.Equal(t, len(tail), TailLines)
	assert.Equal(t, tail[0], fmt.Sprintf("line %d", TailLines+1))
	assert.Equal(t, tail[TailLines-1], "at the end")
	tail[0] = "changed by who asked"
	assert.Equal(t, r.Tail("web")[0], fmt.Sprintf("line %d", TailLines+1))
	// Only the source that was asked for is cut.
	assert.Equal(t, shown()[len(shown())-1], "web | at the end")
	assert.DeepEqual(t, r.Tail("db"), []string{"unfinished"})
	assert.Assert(t, r.Tail("other") == nil)
	r.Note("hello")
	assert.DeepEqual(t, r.Tail("bmo"), []string{"hello"})
}

// full is a disk without space.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

// TestStory18ManyAtOnce: when many sources write concurrently, the lines of each are complete and in order.
func TestStory18ManyAtOnce(t *testing.T) {
	const sources, lines = 8, 200
	var file strings.Builder
	r := New(func(l Line) { file.WriteString(l.Source + " | " + l.Text + "\n") })
	var wg sync.WaitGroup
	for i := range sources {
		wg.Go(func() {
			w := r.Source(fmt.Sprint("s", i))
			for n := range lines {
				fmt.Fprintf(w, "%d ", n)
				fmt.Fprintf(w, "of %d\n", i)
				r.Tail(fmt.Sprint("s", (i+1)%sources+sources)) // of a source that is not there
			}
		})
	}
	wg.Wait()
	next := map[string]int{}
	for _, l := range strings.Split(strings.TrimSuffix(file.String(), "\n"), "\n") {
		source, text, _ := strings.Cut(l, " | ")
		assert.Equal(t, text, fmt.Sprintf("%d of %s", next[source], source[1:]))
		next[source]++
	}
	assert.Equal(t, len(next), sources)
	for source, n := range next {
		assert.Equal(t, n, lines, source)
	}
}

func TestAlso(t *testing.T) {
	r, shown := recording()
	var also bytes.Buffer
	w := r.Source("web", &also, full{}, io.Discard)
	_, _ = io.WriteString(w, "one\r\ntw")
	assert.Equal(t, also.String(), "one\n")
	assert.NilError(t, w.Close())
	assert.Equal(t, also.String(), "one\ntw\n")
	assert.DeepEqual(t, shown(), []string{"web | one", "web | tw"})
}

func TestClose(t *testing.T) {
	r, shown := recording()
	a, b := r.Source("web"), r.Source("web")
	fmt.Fprint(a, "one")
	fmt.Fprint(b, "two")
	assert.NilError(t, a.Close())
	assert.NilError(t, a.Close())
	assert.DeepEqual(t, shown(), []string{"web | one"})
	assert.DeepEqual(t, r.Tail("web"), []string{"one", "two"})
}

// TestNilRecorder: a recorder is optional. Without one nothing is recorded, and who else wants the lines gets them.
func TestNilRecorder(t *testing.T) {
	var r *Recorder
	r.Note("step %d", 1)
	r.Flush()
	var also bytes.Buffer
	w := r.Source("web", &also)
	n, err := io.WriteString(w, "one\ntw")
	assert.NilError(t, err)
	assert.Equal(t, n, len("one\ntw"))
	assert.Equal(t, also.String(), "one\n")
	assert.Assert(t, r.Tail("web") == nil)
	r.Flush()
	assert.NilError(t, w.Close())
	assert.Equal(t, also.String(), "one\ntw\n")
	assert.Assert(t, r.Tail("web") == nil && r.Tail("bmo") == nil)
}
