package journal

import (
	"fmt"
	"testing"
	"time"

	"gotest.tools/v3/assert"
)

var start = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

// stamp is a line as an engine gives it, n seconds after the start.
func stamp(n int, text string) []byte {
	return fmt.Appendf(nil, "%s %s", start.Add(time.Duration(n)*time.Second).Format(time.RFC3339Nano), text)
}

func write(t *testing.T, w interface{ Write([]byte) (int, error) }, b []byte) {
	t.Helper()
	n, err := w.Write(b)
	assert.NilError(t, err)
	assert.Equal(t, n, len(b))
}

func TestMergerMerges(t *testing.T) {
	var got []string
	m := &Merger{Hold: true, Show: func(e LogLine) { got = append(got, fmt.Sprintf("%s %v %s", e.Source, e.Stderr, e.Text)) }}
	web, db, complaints := m.Writer("web", false), m.Writer("db", false), m.Writer("web", true)
	write(t, web, stamp(1, "one\n"))
	write(t, web, stamp(3, "three\r\n"))
	write(t, complaints, stamp(4, "four\n"))
	write(t, db, stamp(2, "two\n"))
	write(t, db, stamp(4, "four as well\n"))
	assert.Equal(t, len(got), 0, "nothing is shown before all is there")
	m.Flush()
	assert.DeepEqual(t, got, []string{
		"web false one", "db false two", "web false three", "db false four as well", "web true four",
	})
	m.Flush()
	assert.Equal(t, len(got), 5, "once")
}

func TestMergerFollows(t *testing.T) {
	var got []LogLine
	m := &Merger{Show: func(e LogLine) { got = append(got, e) }}
	w := m.Writer("web", false)
	line := stamp(1, "in pieces\n")
	for _, b := range line {
		write(t, w, []byte{b})
	}
	write(t, w, append(stamp(2, "two\n"), stamp(3, "\n")...))
	write(t, w, []byte("2026 without a time\n"))
	write(t, w, stamp(5, "unfinished"))
	assert.Equal(t, len(got), 4)
	m.Flush()
	assert.DeepEqual(t, got, []LogLine{
		{start.Add(1 * time.Second), "web", "in pieces", false},
		{start.Add(2 * time.Second), "web", "two", false},
		{start.Add(3 * time.Second), "web", "", false},
		{time.Time{}, "web", "2026 without a time", false},
		{start.Add(5 * time.Second), "web", "unfinished", false},
	})
}
