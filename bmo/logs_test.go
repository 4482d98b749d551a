package bmo

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/instance/instancetest"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/journal"
)

// TestLogsSayWhatIsMissing: the last line of a record that is full is not the last one that was printed.
func TestLogsSayWhatIsMissing(t *testing.T) {
	dir := t.TempDir()
	h := journal.Header{ID: journal.NewID(instancetest.Noon), Kind: label.RoleInstance, Name: "shop", Created: instancetest.Noon}
	r, err := journal.OpenArchive(filepath.Join(dir, "records")).Create(h, time.Now)
	assert.NilError(t, err)
	for _, e := range []journal.Entry{
		{Kind: journal.KindLine, Service: "web", Container: "aa", Text: "serving"},
		{Kind: journal.KindGap, Action: "full", Text: "the record has 256 MB"},
		{Kind: journal.KindGap, Action: "events", Text: "events may be missing"},
		{Kind: journal.KindGap, Service: "db", Container: "bb", Text: "what db prints is not kept"},
	} {
		e.Time = instancetest.Noon
		r.Add(e)
	}
	r.End("removed", "")
	assert.NilError(t, r.Close())
	for service, want := range map[string]string{
		"":    "serving|instance shop: the record has 256 MB|instance shop: what db prints is not kept",
		"web": "serving|instance shop: the record has 256 MB",
	} {
		var said []string
		d := newFixture(t)
		c := d.client(t, WithStateDir(dir), WithWarnings(func(err error) { said = append(said, err.Error()) }))
		var services []string
		if service != "" {
			services = []string{service}
		}
		assert.NilError(t, c.Logs(t.Context(), "shop", services, LogOptions{}, func(l LogLine) { said = append(said, l.Text) }))
		assert.Equal(t, strings.Join(said, "|"), want)
	}
}
