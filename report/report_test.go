package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/journal"
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

// page writes the page of a record.
func page(t *testing.T, entries ...journal.Entry) string {
	t.Helper()
	a := journal.OpenArchive(t.TempDir())
	h := journal.Header{ID: journal.NewID(noon), Kind: "instance", Name: "</title><script>alert(1)</script>", Key: "abc", Created: noon}
	r, err := a.Create(h, func() time.Time { return noon })
	assert.NilError(t, err)
	for i, e := range entries {
		e.Time = noon.Add(time.Duration(i) * time.Millisecond)
		r.Add(e)
	}
	assert.NilError(t, r.Close())
	i, err := a.Find("")
	assert.NilError(t, err)
	v, err := a.Open(t.Context(), nil, i, Query)
	assert.NilError(t, err)
	defer v.Close()
	var out bytes.Buffer
	assert.NilError(t, Write(&out, v))
	return out.String()
}

// given is what the page's script is given.
type given struct {
	Header  map[string]string
	Entries []journal.Entry
}

func data(t *testing.T, page string) (d given) {
	t.Helper()
	m := regexp.MustCompile(`(?s)<script id="data" type="application/json">(.*?)</script>`).FindStringSubmatch(page)
	assert.Assert(t, m != nil)
	assert.NilError(t, json.Unmarshal([]byte(m[1]), &d))
	return d
}

// TestHostileLines: nothing that is printed becomes part of the page's own text, and it arrives as it is.
func TestHostileLines(t *testing.T) {
	hostile := []string{
		`</script><script>document.title = "owned"</script>`, `<!--<script>`, `<img src=x onerror="alert(1)">`, `]]>`, "\u2028 \u2029", "\x1b[31mred\x1b[0m",
		`{{data}} {{script}} {{style}} {{title}}`, "\xff\xfe", "\x00",
	}
	var entries []journal.Entry
	for _, text := range hostile {
		entries = append(entries, journal.Entry{Kind: journal.KindLine, Service: text, Text: text, Attributes: map[string]string{text: text}})
	}
	html := page(t, entries...)
	assert.Equal(t, strings.Count(html, "<script"), 2)
	assert.Equal(t, strings.Count(html, "</script"), 2)
	assert.Equal(t, strings.Count(html, "<img"), 0)
	assert.Equal(t, strings.Count(html, "<!--"), 0)
	d := data(t, html)
	assert.Equal(t, len(d.Entries), len(hostile))
	for i, e := range d.Entries {
		assert.Equal(t, e.Text, strings.ToValidUTF8(hostile[i], "\uFFFD"))
	}
	assert.Equal(t, d.Header["title"], "instance </title><script>alert(1)</script>")
}

// TestNothingFromOutside: the page names no other place, but for that of SVG, which is never asked for.
func TestNothingFromOutside(t *testing.T) {
	html := page(t)
	for _, url := range regexp.MustCompile(`(?:https?:)?//[a-z][^\s"']*`).FindAllString(html, -1) {
		assert.Equal(t, url, "http://www.w3.org/2000/svg")
	}
	assert.Assert(t, strings.Contains(html, `default-src 'none'`))
}

// TestLongRecords: a page has the last lines of each service, and says how many it lacks; long ones are cut.
func TestLongRecords(t *testing.T) {
	entries := []journal.Entry{{Kind: journal.KindLine, Service: "db", Text: strings.Repeat("x", 2*maxText)}}
	for n := range maxLines + 3 {
		entries = append(entries, journal.Entry{Kind: journal.KindLine, Service: "web", Text: fmt.Sprint(n)})
	}
	d := data(t, page(t, entries...))
	assert.Equal(t, len(d.Entries), 1+1+maxLines)
	assert.Equal(t, d.Entries[0].Text, strings.Repeat("x", maxText)+fmt.Sprintf(" ... (%d more bytes)", maxText))
	assert.Equal(t, d.Entries[1].Text, "3 earlier lines are not on this page")
	assert.Equal(t, d.Entries[2].Text, "3")
}
