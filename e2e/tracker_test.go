package e2e

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

// tracker speaks the REST interface that BMO and the demo share.
type tracker struct {
	url, key string
	from     *http.Client // nil for browser
}

// tracker is the instance's, with the API key that a test command is given.
func (i *instance) tracker() tracker {
	return tracker{url: i.Env["BMO_URL"], key: i.Env["BMO_API_KEY"]}
}

// browser goes to nobody's proxy, and is told of redirects.
var browser = &http.Client{
	Timeout:       20 * time.Second,
	Transport:     &http.Transport{DisableKeepAlives: true},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// request returns status and body, and into when it is not nil gets the body as JSON.
func (b tracker) request(t testing.TB, method, path string, body, into any) (int, string) {
	t.Helper()
	var in bytes.Buffer
	if body != nil {
		assert.NilError(t, json.NewEncoder(&in).Encode(body))
	}
	req, err := http.NewRequestWithContext(t.Context(), method, b.url+path, &in)
	assert.NilError(t, err)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	if b.key != "" {
		req.Header.Set("X-BUGZILLA-API-KEY", b.key)
	}
	from := b.from
	if from == nil {
		from = browser
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

// answers fails the test unless the application gives a valid answer right now.
func (b tracker) answers(t testing.TB) {
	t.Helper()
	var v struct{ Version string }
	b.request(t, http.MethodGet, "/rest/version", nil, &v)
	assert.Assert(t, v.Version != "")
}

// create makes a bug.
func (b tracker) create(t testing.TB, product, component, summary string) int {
	t.Helper()
	var made struct{ ID int }
	b.request(t, http.MethodPost, "/rest/bug", map[string]string{
		"product": product, "component": component, "summary": summary, "description": summary,
		"version": "unspecified", "op_sys": "Unspecified", "platform": "Unspecified", "type": "defect",
	}, &made)
	return made.ID
}

// summary is that of the bug, empty when there is none.
func (b tracker) summary(t testing.TB, id int) string {
	t.Helper()
	var got struct{ Bugs []struct{ Summary string } }
	path := fmt.Sprintf("/rest/bug/%d", id)
	if code, _ := b.request(t, http.MethodGet, path, nil, nil); code == http.StatusNotFound {
		return ""
	}
	b.request(t, http.MethodGet, path, nil, &got)
	assert.Equal(t, len(got.Bugs), 1)
	return got.Bugs[0].Summary
}

// bugs is how many bugs there are, at most 100.
func (b tracker) bugs(t testing.TB) int {
	t.Helper()
	var got struct{ Bugs []struct{ ID int } }
	b.request(t, http.MethodGet, "/rest/bug?limit=100", nil, &got)
	return len(got.Bugs)
}
