package probe

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/engine/enginetest"
	"github.com/docker-bmo/docker-bmo/probe/probetest"
)

// page is ready at any status below 400.
var page = HTTP{URL: "http://127.0.0.1:8000/rest/version", MinStatus: 200, MaxStatus: 399}

// web serves a handler.
func web(t *testing.T, h http.HandlerFunc) Dialer {
	t.Helper()
	return server(t, enginetest.HTTP(h))
}

func TestHTTP(t *testing.T) {
	long := "x" + strings.Repeat("ä", 200)
	for _, c := range []struct {
		name           string
		status         int
		body, location string
		min, max       int
		match          string
		want           string
	}{
		{name: "ok", status: 200},
		{name: "created", status: 201},
		{name: "redirect that is accepted", status: 302, location: "http://elsewhere.test/"},
		{name: "redirect that is not", status: 302, location: "http://elsewhere.test/", max: 299, want: "answered 302 Found: "},
		{name: "error", status: 500, body: "<h1>Software\n  error</h1>", want: "answered 500 Internal Server Error: <h1>Software error</h1>"},
		{name: "not there", status: 404, want: "answered 404 Not Found: "},
		{name: "error asked for", status: 404, min: 404, max: 404},
		{name: "too good", status: 200, min: 404, max: 404, want: "answered 200 OK: "},
		{name: "body", status: 200, body: `{"version":"1"}`, match: `"version"`},
		{name: "body on a later line", status: 200, body: "a\nversion: 1\n", match: `(?m)^version`},
		{name: "another body", status: 200, body: "It works!", match: `"version"`, want: `answered 200 OK, but the body does not match "\"version\"": It works!`},
		{name: "empty body", status: 200, match: `.`, want: `answered 200 OK, but the body does not match ".": `},
		{name: "long body", status: 500, body: long, want: "answered 500 Internal Server Error: x" + strings.Repeat("ä", 59) + "..."},
	} {
		t.Run(c.name, func(t *testing.T) {
			var requests atomic.Int32
			dial := web(t, func(w http.ResponseWriter, r *http.Request) {
				requests.Add(1)
				if c.location != "" {
					w.Header().Set("Location", c.location)
				}
				w.WriteHeader(c.status)
				fmt.Fprint(w, c.body)
			})
			p := page
			if c.min != 0 {
				p.MinStatus = c.min
			}
			if c.max != 0 {
				p.MaxStatus = c.max
			}
			if c.match != "" {
				p.Body = regexp.MustCompile(c.match)
			}
			err := p.Check(t.Context(), dial)
			if c.want == "" {
				assert.NilError(t, err)
			} else {
				assert.Error(t, err, c.want)
			}
			assert.Equal(t, requests.Load(), int32(1))
		})
	}
}

func TestHTTPRequest(t *testing.T) {
	got := make(chan *http.Request, 1)
	assert.NilError(t, page.Check(t.Context(), web(t, func(_ http.ResponseWriter, r *http.Request) { got <- r })))
	r := <-got
	// The host is the one that the application knows, wherever the connection leads.
	assert.Equal(t, r.Method+" "+r.Host+r.URL.Path, "GET 127.0.0.1:8000/rest/version")
	assert.Equal(t, page.String(), "GET http://127.0.0.1:8000/rest/version")
}

// TestStory09HTTPIsReadyWhenItAnswersValidly: what accepts a connection is not ready.
func TestStory09HTTPIsReadyWhenItAnswersValidly(t *testing.T) {
	fine := enginetest.HTTP(enginetest.Answer(200, "fine"))
	for name, early := range map[string]func(net.Conn){
		"accepts and hangs up": probetest.HangUp,
		"no HTTP":              func(c net.Conn) { fmt.Fprint(c, "SSH-2.0-OpenSSH\r\n") },
		"500":                  enginetest.HTTP(enginetest.Answer(500, "starting")),
		"half an answer":       func(c net.Conn) { fmt.Fprint(c, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf") },
	} {
		t.Run(name, func(t *testing.T) {
			assert.Assert(t, page.Check(t.Context(), server(t, early)) != nil)
			failures := 0
			assert.NilError(t, Wait(t.Context(), page, server(t, early, early, fine), long, func(error) { failures++ }))
			assert.Equal(t, failures, 2)
		})
	}
	assert.ErrorContains(t, page.Check(t.Context(), refused(t)), "connection refused")
}

// TestEndlessBody: a page that never ends does not keep the probe for ever.
func TestEndlessBody(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for {
			if _, err := fmt.Fprintln(w, strings.Repeat("more ", 1000)); err != nil {
				return
			}
		}
	}))
	defer srv.Close()
	p := page
	p.URL = srv.URL
	assert.NilError(t, p.Check(t.Context(), func(ctx context.Context) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "tcp", srv.Listener.Addr().String())
	}))
}
