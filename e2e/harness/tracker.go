package harness

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"gotest.tools/v3/assert"
)

// Tracker speaks the REST interface that BMO and the demo share.
type Tracker struct {
	URL, Key string
	From     *http.Client // nil for browser
}

// Tracker is the instance's, with the API key that a test command is given.
func (i *Instance) Tracker() Tracker {
	return Tracker{URL: i.Env["BMO_URL"], Key: i.Env["BMO_API_KEY"]}
}

// Browser goes to nobody's proxy, and is told of redirects.
var Browser = &http.Client{
	Timeout:       20 * time.Second,
	Transport:     &http.Transport{DisableKeepAlives: true},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// Request returns status and body, and into when it is not nil gets the body as JSON.
func (b Tracker) Request(t testing.TB, method, path string, body, into any) (int, string) {
	t.Helper()
	var in bytes.Buffer
	if body != nil {
		assert.NilError(t, json.NewEncoder(&in).Encode(body))
	}
	req, err := http.NewRequestWithContext(t.Context(), method, b.URL+path, &in)
	assert.NilError(t, err)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	if b.Key != "" {
		req.Header.Set("X-BUGZILLA-API-KEY", b.Key)
	}
	from := b.From
	if from == nil {
		from = Browser
	}
	res, err := from.Do(req)
	assert.NilError(t, err)
	defer res.Body.Close()
	out, err := io.ReadAll(res.Body)
	assert.NilError(t, err)
	if into != nil {
		assert.Equal(t, res.StatusCode, http.StatusOK, "%s %s: %s", method, path, out)
		assert.NilError(t, json.Unmarshal(out, into), "%s", out)
	}
	return res.StatusCode, string(out)
}

// Answers fails the test unless the application gives a valid answer right now.
func (b Tracker) Answers(t testing.TB) {
	t.Helper()
	var v struct{ Version string }
	b.Request(t, http.MethodGet, "/rest/version", nil, &v)
	assert.Assert(t, v.Version != "")
}

// Create makes a bug.
func (b Tracker) Create(t testing.TB, product, component, summary string) int {
	t.Helper()
	var made struct{ ID int }
	b.Request(t, http.MethodPost, "/rest/bug", map[string]string{
		"product": product, "component": component, "summary": summary, "description": summary,
		"version": "unspecified", "op_sys": "Unspecified", "platform": "Unspecified", "type": "defect",
	}, &made)
	return made.ID
}

// Summary is that of the bug, empty when there is none.
func (b Tracker) Summary(t testing.TB, id int) string {
	t.Helper()
	var got struct{ Bugs []struct{ Summary string } }
	path := fmt.Sprintf("/rest/bug/%d", id)
	if code, _ := b.Request(t, http.MethodGet, path, nil, nil); code == http.StatusNotFound {
		return ""
	}
	b.Request(t, http.MethodGet, path, nil, &got)
	assert.Equal(t, len(got.Bugs), 1)
	return got.Bugs[0].Summary
}

// Bugs is how many bugs there are, at most 100.
func (b Tracker) Bugs(t testing.TB) int {
	t.Helper()
	var got struct{ Bugs []struct{ ID int } }
	b.Request(t, http.MethodGet, "/rest/bug?limit=100", nil, &got)
	return len(got.Bugs)
}

// Get returns what the mini application answers.
func Get(t testing.TB, url string) string {
	t.Helper()
	res, err := Browser.Get(url)
	assert.NilError(t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	assert.NilError(t, err)
	assert.Equal(t, res.StatusCode, http.StatusOK)
	return string(body)
}
