// Package report writes a record as one HTML page, without links to anywhere else: a time line with a lane for each
// service, and everything that was printed and has happened next to it.
//
// This package is not API: it can change at any time. Programs use bmo.
package report

import (
	"bufio"
	_ "embed" // the page's parts
	"encoding/json"
	"fmt"
	"html"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/docker-bmo/docker-bmo/journal"
)

//go:embed page.css
var style string

//go:embed page.js
var script string

//go:embed page.html
var body string

const (
	// maxLines is how many of the last lines of each service are on a page, and maxText how many bytes of a line.
	maxLines = 100_000
	maxText  = 8 << 10
)

// header is what the script is told of the record.
type header struct {
	Title   string    `json:"title"`
	Kind    string    `json:"kind"`
	Stack   string    `json:"stack"`
	Key     string    `json:"key"`
	Record  string    `json:"record"`
	Created time.Time `json:"created"`
}

// Query is what a page has of a record.
var Query = journal.Query{Tail: maxLines}

// Write writes the page. The view is one of what Query says.
func Write(w io.Writer, v *journal.View) error {
	out := bufio.NewWriterSize(w, 256<<10)
	h := header{v.Title(), v.Kind, v.Stack, v.Key, v.ID, v.Created}
	title := html.EscapeString(h.Title)
	top := strings.NewReplacer("{{title}}", title, "{{style}}", style).Replace(body)
	before, after, _ := strings.Cut(top, "{{data}}")
	fmt.Fprint(out, before)
	if err := writeData(out, h, v); err != nil {
		return err
	}
	fmt.Fprint(out, strings.Replace(after, "{{script}}", script, 1))
	return out.Flush()
}

// writeData writes JSON that cannot end the element that it is in: the encoder writes <, > and & as \u003c and so on.
func writeData(w io.Writer, h header, v *journal.View) error {
	first, err := json.Marshal(h)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "{\"header\":%s,\n\"entries\":[", first)
	separator, begun := "\n", map[string]bool{}
	err = v.Read(func(e journal.Entry) error {
		if n := v.Omitted(e.Service); n > 0 && e.Kind == journal.KindLine && !begun[e.Service] {
			begun[e.Service] = true
			note := journal.Entry{Time: e.Time, Kind: journal.KindGap, Service: e.Service, Text: fmt.Sprintf("%d earlier lines are not on this page", n)}
			if err := writeEntry(w, &separator, note); err != nil {
				return err
			}
		}
		return writeEntry(w, &separator, e)
	})
	fmt.Fprint(w, "\n]}")
	return err
}

func writeEntry(w io.Writer, separator *string, e journal.Entry) error {
	if len(e.Text) > maxText {
		e.Text = e.Text[:maxText] + fmt.Sprintf(" ... (%d more bytes)", len(e.Text)-maxText)
	}
	if !utf8.ValidString(e.Text) {
		e.Text = strings.ToValidUTF8(e.Text, "\uFFFD")
	}
	b, err := json.Marshal(e)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s%s", *separator, b)
	*separator = ",\n"
	return err
}
