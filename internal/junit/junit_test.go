package junit

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"gotest.tools/v3/assert"
	"gotest.tools/v3/golden"
)

// pytest is what pytest writes, shortened.
const pytest = `<?xml version="1.0" encoding="utf-8"?>
<testsuites name="pytest tests"><testsuite name="pytest" errors="0" failures="1" skipped="1" tests="3" time="0.034" hostname="here">
<testcase classname="test_a" name="test_one" time="0.001" />
<testcase classname="test_a" name="test_two" time="0.002"><failure message="assert 1 == 2">def test_two():
&gt;       assert 1 == 2</failure></testcase>
<testcase classname="test_a" name="test_three" time="0.000"><skipped type="pytest.skip" message="later">test_a.py:9: later</skipped></testcase>
</testsuite></testsuites>`

// surefire has a schema, and suites in a suite.
const surefire = `<testsuite xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:noNamespaceSchemaLocation="x.xsd" name="outer" tests="1">
  <properties><property name="java" value="21"/></properties>
  <testsuite name="inner"><testcase classname="C" name="t"><error type="E"><![CDATA[a < b]]></error><system-out>said</system-out></testcase></testsuite>
</testsuite>`

func read(t *testing.T, text string) []*Element {
	t.Helper()
	suites, err := Read([]byte(text))
	assert.NilError(t, err)
	return suites
}

func TestMerge(t *testing.T) {
	suites := append(read(t, pytest), read(t, surefire)...)
	assert.DeepEqual(t, CountOf(suites), Count{Tests: 4, Failures: 1, Errors: 1, Skipped: 1})
	suites[0].Properties("test", "tests/test_a.py", "instance", "shop-1")
	suites[1].Properties("instance", "shop-2")
	var b bytes.Buffer
	assert.NilError(t, Write(&b, "shop", suites, 1500*time.Millisecond))
	golden.Assert(t, b.String(), "merged.golden")
	assert.DeepEqual(t, CountOf(read(t, b.String())), CountOf(suites))
}

// TestRerun: what failed in an earlier attempt is with the last one, by names that say whether it passed at last.
func TestRerun(t *testing.T) {
	last := read(t, strings.NewReplacer(`<failure message="assert 1 == 2">`, `<skipped>`, `</failure>`, `</skipped>`).Replace(pytest))
	Rerun(last, read(t, pytest))
	two := Cases(last)[1]
	assert.Equal(t, two.child("flakyFailure").Get("message"), "assert 1 == 2")
	assert.Equal(t, len(Cases(last)[0].Children), 0)
	assert.Equal(t, CountOf(last).Failures, 0, "it is no failure any more")

	last = read(t, surefire)
	Rerun(last, read(t, surefire))
	c := Cases(last)[0]
	assert.Equal(t, c.child("rerunError").Text, "a < b")
	assert.Assert(t, c.child("error") != nil && c.child("flakyError") == nil)
}

func TestNoReport(t *testing.T) {
	for text, want := range map[string]string{
		"":                    "not a JUnit report: EOF",
		"<html></html>":       "not a JUnit report: its root is <html>",
		"<testsuite><testcas": "not a JUnit report: XML syntax error on line 1: unexpected EOF",
	} {
		_, err := Read([]byte(text))
		assert.Error(t, err, want)
	}
}

// TestWhatXMLCannotHave is still a report that can be read.
func TestWhatXMLCannotHave(t *testing.T) {
	suite := New("testsuite").Add(New("testcase", "name", "a\x00<b>").Add(&Element{XMLName: New("system-out").XMLName, Text: Plain("\x1b[31mred\x1b[0m \x07 \xff]]>")}))
	var b bytes.Buffer
	assert.NilError(t, Write(&b, "x", []*Element{suite}, 0))
	c := Cases(read(t, b.String()))[0]
	assert.Equal(t, c.Get("name"), "a\uFFFD<b>")
	assert.Equal(t, c.child("system-out").Text, "red \uFFFD \uFFFD]]>")
}
