package probe

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/engine/enginetest"
	"github.com/docker-bmo/docker-bmo/probe/probetest"
)

// shortly makes a silent server one that waits for its client at once.
func shortly(t *testing.T) {
	t.Helper()
	was, thinking := silence, thought
	silence, thought = 20*time.Millisecond, 40*time.Millisecond
	t.Cleanup(func() { silence, thought = was, thinking })
}

// proxiedConn is a connection that a proxy has accepted.
type proxiedConn struct{ net.Conn }

func (proxiedConn) Proxied() bool { return true }

// byProxy makes a dialer one to a published port.
func byProxy(dial Dialer) Dialer {
	return func(ctx context.Context) (net.Conn, error) {
		c, err := dial(ctx)
		if err != nil {
			return nil, err
		}
		return proxiedConn{c}, nil
	}
}

func says(text string) func(net.Conn) {
	return func(c net.Conn) { _, _ = io.WriteString(c, text) }
}

// TestPort: one that answers is ready, unless its answer is that of a server that is not.
func TestPort(t *testing.T) {
	shortly(t)
	badGateway := enginetest.HTTP(enginetest.Answer(502, "no\nupstream"))
	for _, c := range []struct {
		name          string
		serve         func(net.Conn)
		want, proxied string // what is wrong with it directly, and at a published port
	}{
		{name: "page", serve: enginetest.HTTP(enginetest.Answer(200, "fine"))},
		{name: "not found", serve: enginetest.HTTP(enginetest.Answer(404, ""))},
		{name: "redirect", serve: enginetest.HTTP(enginetest.Answer(301, ""))},
		{name: "bad gateway", serve: badGateway, want: "answered 502 Bad Gateway: no upstream", proxied: "answered 502 Bad Gateway: no upstream"},
		{name: "half an answer", serve: says("HTTP/1.1 200"), want: "answered with HTTP that breaks off: unexpected EOF", proxied: "answered with HTTP that breaks off: unexpected EOF"},
		{name: "banner", serve: says("SSH-2.0-OpenSSH\r\n")},
		{name: "one byte", serve: says("H")},
		{name: "TLS alert", serve: says("\x15\x03\x01\x00\x02\x02\x46")},
		{name: "MySQL", serve: ready.Serve},
		{name: "silent", serve: probetest.Silent},
		{name: "hangs up", serve: probetest.HangUp, proxied: "closed the connection without an answer: a proxy accepts for a server that is not there"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dial := server(t, c.serve)
			for want, dial := range map[*string]Dialer{&c.want: dial, &c.proxied: byProxy(dial)} {
				err := Port{Port: 80, Host: "127.0.0.1:80"}.Check(t.Context(), dial)
				if *want == "" {
					assert.NilError(t, err)
				} else {
					assert.Error(t, err, *want)
				}
			}
		})
	}
	assert.ErrorContains(t, Port{}.Check(t.Context(), refused(t)), "connection refused")
	assert.Equal(t, Port{Port: 80}.String(), "port 80")
}

// TestPortSlowAnswer: a server that has begun to answer may take longer than one that is silent.
func TestPortSlowAnswer(t *testing.T) {
	shortly(t)
	assert.Error(t, Port{}.Check(t.Context(), server(t, func(c net.Conn) {
		fmt.Fprint(c, "HTTP/1.1 503 ")
		time.Sleep(5 * silence)
		fmt.Fprint(c, "Starting\r\nContent-Length: 0\r\n\r\n")
	})), "answered 503 Starting: ")
}

// TestPortSlowFirstAnswer: an application that thinks for a while before its first answer is not taken for one that
// speaks no HTTP, whatever it answers then.
func TestPortSlowFirstAnswer(t *testing.T) {
	shortly(t)
	thought = time.Minute
	assert.Error(t, Port{}.Check(t.Context(), server(t, func(c net.Conn) {
		time.Sleep(5 * silence)
		fmt.Fprint(c, "HTTP/1.1 500 No database\r\nContent-Length: 0\r\n\r\n")
	})), "answered 500 No database: ")
}

// TestPortThatEndsIsNotReady: a server that hung up because it ended is not there for the second look.
func TestPortThatEndsIsNotReady(t *testing.T) {
	asked := 0
	up, gone := server(t, probetest.HangUp), refused(t)
	assert.ErrorContains(t, Port{}.Check(t.Context(), func(ctx context.Context) (net.Conn, error) {
		if asked++; asked == 1 {
			return up(ctx)
		}
		return gone(ctx)
	}), "connection refused")
}

func TestPortInterrupted(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	assert.ErrorIs(t, Port{}.Check(ctx, server(t, probetest.Silent)), context.DeadlineExceeded)
}

// TestTCPAtAPublishedPort: a proxy accepts before the server is there, and then hangs up.
func TestTCPAtAPublishedPort(t *testing.T) {
	shortly(t)
	assert.ErrorContains(t, TCP{}.Check(t.Context(), byProxy(server(t, probetest.HangUp))), "closed the connection without an answer")
	assert.NilError(t, TCP{}.Check(t.Context(), byProxy(server(t, probetest.Silent))))
	assert.NilError(t, TCP{}.Check(t.Context(), byProxy(server(t, says("220 ready\r\n")))))
}

// TestHTTPP12HostAndHeaders: a server that answers nobody who does not know its name.
func TestHTTPP12HostAndHeaders(t *testing.T) {
	dial := web(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Host != "shop.test" || r.Header.Get("X-Forwarded-Proto") != "https" {
			w.WriteHeader(http.StatusBadRequest)
		}
	})
	assert.Error(t, page.Check(t.Context(), dial), "answered 400 Bad Request: ")
	p := page
	p.Headers = map[string]string{"x-forwarded-proto": "https"}
	assert.ErrorContains(t, p.Check(t.Context(), dial), "400")
	p.Host = "shop.test"
	assert.NilError(t, p.Check(t.Context(), dial))
	p.Host, p.Headers["host"] = "", "shop.test"
	assert.NilError(t, p.Check(t.Context(), dial))
}

// TestHTTPP12Scheme: https by a certificate that nobody knows, for the name that is asked for.
func TestHTTPP12Scheme(t *testing.T) {
	names := make(chan string, 1)
	srv := httptest.NewTLSServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { names <- r.TLS.ServerName }))
	defer srv.Close()
	dial := func(ctx context.Context) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "tcp", srv.Listener.Addr().String())
	}
	p := page
	p.URL = "https://127.0.0.1:8443/"
	assert.NilError(t, p.Check(t.Context(), dial))
	assert.Equal(t, <-names, "")
	p.Host = "shop.test:8443"
	assert.NilError(t, p.Check(t.Context(), dial))
	assert.Equal(t, <-names, "shop.test")
	p.URL = "http://127.0.0.1:8443/"
	assert.ErrorContains(t, p.Check(t.Context(), dial), "answered 400")
}

// TestHTTPP12Follow: redirects within the service are followed, those to elsewhere are the answer.
func TestHTTPP12Follow(t *testing.T) {
	for _, c := range []struct {
		name, location, host string
		max                  int
		want                 string
	}{
		{name: "path", location: "/login", max: 299},
		{name: "its address", location: "http://127.0.0.1:8000/login", max: 299},
		{name: "its name", location: "http://shop.test/login", host: "shop.test", max: 299},
		{name: "another host is as it is", location: "http://elsewhere.test/login", max: 399},
		{name: "another host is no page", location: "http://elsewhere.test/login", max: 299, want: "answered 302 Found: "},
		{name: "another scheme", location: "https://127.0.0.1:8000/login", max: 299, want: "answered 302 Found: "},
		{name: "for ever", location: "/rest/version", max: 399, want: "redirected more than 10 times, last to http://127.0.0.1:8000/rest/version"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var hosts []string
			p := page
			p.Follow, p.Host, p.MaxStatus = true, c.host, c.max
			err := p.Check(t.Context(), web(t, func(w http.ResponseWriter, r *http.Request) {
				hosts = append(hosts, r.Host)
				if r.URL.Path != "/login" {
					w.Header().Set("Location", c.location)
					w.WriteHeader(http.StatusFound)
				}
			}))
			if c.want == "" {
				assert.NilError(t, err)
			} else {
				assert.Error(t, err, c.want)
			}
			for _, h := range hosts {
				assert.Equal(t, h, hosts[0])
			}
		})
	}
}
