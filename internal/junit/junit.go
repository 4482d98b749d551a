// Package junit reads, merges and writes test reports in the XML that JUnit's Ant task began with. There is no one schema
// of it, so everything that is read is kept, but for what names the schema.
package junit

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Element is an element of a report.
type Element struct {
	XMLName  xml.Name
	Attrs    []xml.Attr `xml:",any,attr"`
	Text     string     `xml:",chardata"`
	Children []*Element `xml:",any"`
}

// New returns an element with attributes, as pairs of a name and a value.
func New(name string, attrs ...string) *Element {
	e := &Element{XMLName: xml.Name{Local: name}}
	for pair := range slices.Chunk(attrs, 2) {
		e.Set(pair[0], pair[1])
	}
	return e
}

// Add adds children and returns the element.
func (e *Element) Add(children ...*Element) *Element {
	e.Children = append(e.Children, children...)
	return e
}

// Name is what kind of element it is, for instance "testcase".
func (e *Element) Name() string { return e.XMLName.Local }

// Get returns an attribute, or nothing.
func (e *Element) Get(name string) string {
	for _, a := range e.Attrs {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// Set sets an attribute.
func (e *Element) Set(name, value string) {
	for i, a := range e.Attrs {
		if a.Name.Local == name {
			e.Attrs[i].Value = value
			return
		}
	}
	e.Attrs = append(e.Attrs, xml.Attr{Name: xml.Name{Local: name}, Value: value})
}

// child returns the first child of one of those kinds, or nil.
func (e *Element) child(names ...string) *Element {
	for _, c := range e.Children {
		if slices.Contains(names, c.Name()) {
			return c
		}
	}
	return nil
}

// Read returns the test suites of a report, whose root is <testsuites> or <testsuite>.
func Read(content []byte) ([]*Element, error) {
	var root Element
	if err := xml.Unmarshal(content, &root); err != nil {
		return nil, fmt.Errorf("not a JUnit report: %w", err)
	}
	root.clean()
	switch root.Name() {
	case "testsuite":
		return []*Element{&root}, nil
	case "testsuites":
		root.Children = slices.DeleteFunc(root.Children, func(c *Element) bool { return c.Name() != "testsuite" })
		return root.Children, nil
	default:
		return nil, fmt.Errorf("not a JUnit report: its root is <%s>", root.Name())
	}
}

// clean removes what names a schema, which a merged report may not follow, and what is only there to indent.
func (e *Element) clean() {
	e.XMLName.Space = ""
	e.Attrs = slices.DeleteFunc(e.Attrs, func(a xml.Attr) bool { return a.Name.Space != "" || a.Name.Local == "xmlns" })
	if strings.TrimSpace(e.Text) == "" {
		e.Text = ""
	}
	for _, c := range e.Children {
		c.clean()
	}
}

// Cases returns all test cases of suites, which may have suites in them.
func Cases(suites []*Element) (list []*Element) {
	for _, s := range suites {
		for _, c := range s.Children {
			switch c.Name() {
			case "testcase":
				list = append(list, c)
			case "testsuite":
				list = append(list, Cases([]*Element{c})...)
			}
		}
	}
	return list
}

// Count is how many test cases there are, and how they ended.
type Count struct{ Tests, Failures, Errors, Skipped int }

// CountOf counts the test cases of suites.
func CountOf(suites []*Element) (n Count) {
	for _, c := range Cases(suites) {
		n.Tests++
		switch {
		case c.child("failure") != nil:
			n.Failures++
		case c.child("error") != nil:
			n.Errors++
		case c.child("skipped") != nil:
			n.Skipped++
		}
	}
	return n
}

// again are the names, which Surefire began with, for what an earlier attempt at a test case ended with: when it succeeded
// at last, and when it did not.
var again = map[string][2]string{
	"failure": {"flakyFailure", "rerunFailure"},
	"error":   {"flakyError", "rerunError"},
}

// Rerun notes in the suites of the last attempt what failed in an earlier one.
func Rerun(last, earlier []*Element) {
	failed := map[[3]string]*Element{}
	for _, c := range Cases(earlier) {
		if f := c.child("failure", "error"); f != nil {
			failed[identity(c)] = f
		}
	}
	for _, c := range Cases(last) {
		f := failed[identity(c)]
		if f == nil {
			continue
		}
		names := again[f.Name()]
		name := names[0]
		if c.child("failure", "error") != nil {
			name = names[1]
		}
		c.Add(&Element{XMLName: xml.Name{Local: name}, Attrs: f.Attrs, Text: f.Text})
	}
}

func identity(c *Element) [3]string {
	return [3]string{c.Get("classname"), c.Get("name"), c.Get("file")}
}

// Properties adds properties to a suite, as pairs of a name and a value.
func (e *Element) Properties(pairs ...string) {
	list := e.child("properties")
	if list == nil {
		list = New("properties")
		e.Children = slices.Insert(e.Children, 0, list) // where every schema has them
	}
	for pair := range slices.Chunk(pairs, 2) {
		list.Add(New("property", "name", pair[0], "value", pair[1]))
	}
}

// Write writes a report of suites.
func Write(w io.Writer, name string, suites []*Element, took time.Duration) error {
	n := CountOf(suites)
	root := New("testsuites", "name", name, "tests", strconv.Itoa(n.Tests), "failures", strconv.Itoa(n.Failures),
		"errors", strconv.Itoa(n.Errors), "skipped", strconv.Itoa(n.Skipped), "time", Seconds(took)).Add(suites...)
	var b bytes.Buffer
	b.WriteString(xml.Header)
	root.write(&b, "")
	_, err := w.Write(b.Bytes())
	return err
}

// write writes an element and all that is in it. encoding/xml has no empty elements, and escapes each end of a line.
func (e *Element) write(b *bytes.Buffer, indent string) {
	b.WriteString(indent + "<" + e.Name())
	for _, a := range e.Attrs {
		b.WriteString(" " + a.Name.Local + `="` + escaped(a.Value) + `"`)
	}
	if e.Text == "" && len(e.Children) == 0 {
		b.WriteString("/>\n")
		return
	}
	b.WriteString(">" + lines.Replace(escaped(e.Text)))
	if len(e.Children) > 0 {
		b.WriteByte('\n')
		for _, c := range e.Children {
			c.write(b, indent+"  ")
		}
		b.WriteString(indent)
	}
	b.WriteString("</" + e.Name() + ">\n")
}

// lines are what may stand in a text as it is, unlike in an attribute.
var lines = strings.NewReplacer("&#xA;", "\n", "&#x9;", "\t")

func escaped(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // never fails for such a writer
	return b.String()
}

// Seconds is a duration as reports have it.
func Seconds(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', 3, 64) }

// escapes are what a terminal takes for colors and the like, of which XML cannot have the first character.
var escapes = regexp.MustCompile("\x1b\\[[0-9;?]*[A-Za-z]")

// Plain returns a text without what colors it.
func Plain(text string) string { return escapes.ReplaceAllString(text, "") }
