package harness

import (
	"context"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"testing"

	"gotest.tools/v3/assert"
)

// Proxy stands between docker and the engine, on a socket of its own, and notes what is asked for.
type Proxy struct {
	// Host is its address, for DOCKER_HOST.
	Host string

	mu       sync.Mutex
	requests []string
}

// NewProxy starts a proxy that may change requests and answers; each function may be nil.
func NewProxy(t testing.TB, request func(*http.Request), answer func(*http.Response) error) *Proxy {
	t.Helper()
	return newProxy(t, func(p *httputil.ReverseProxy) {
		rewrite := p.Rewrite
		p.Rewrite = func(r *httputil.ProxyRequest) {
			rewrite(r)
			if request != nil {
				request(r.Out)
			}
		}
		p.ModifyResponse = answer
	})
}

// NewProxyBy starts a proxy that answers each request by what wrap returns, which may ask the engine. Where that is an
// error, the connection to docker is cut.
func NewProxyBy(t testing.TB, wrap func(engine http.RoundTripper) http.RoundTripper) *Proxy {
	t.Helper()
	return newProxy(t, func(p *httputil.ReverseProxy) {
		p.Transport = wrap(p.Transport)
		p.ErrorHandler = func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) }
	})
}

func newProxy(t testing.TB, with func(*httputil.ReverseProxy)) *Proxy {
	t.Helper()
	// The test's own folder may have a name too long for a socket.
	dir, err := os.MkdirTemp("", "bmo-e2e-proxy-")
	assert.NilError(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	socket := filepath.Join(dir, "s")
	l, err := net.Listen("unix", socket)
	assert.NilError(t, err)

	p := &Proxy{Host: "unix://" + socket}
	handler := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host, r.Out.Host = "http", "docker", r.In.Host
			p.note(r.In)
		},
		Transport:     &http.Transport{DialContext: dialEngine, DisableCompression: true},
		FlushInterval: -1, // events and logs are wanted as they come
	}
	with(handler)
	server := &http.Server{Handler: handler}
	go func() { _ = server.Serve(l) }() // ends with the test
	t.Cleanup(func() { server.Close() })
	return p
}

func dialEngine(ctx context.Context, _, _ string) (net.Conn, error) {
	u, err := url.Parse(Suite.host)
	if err != nil {
		return nil, err
	}
	var d net.Dialer
	if u.Scheme == "unix" {
		return d.DialContext(ctx, "unix", u.Path)
	}
	return d.DialContext(ctx, "tcp", u.Host)
}

func (p *Proxy) note(r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.requests = append(p.requests, r.Method+" "+r.URL.RequestURI())
}

// Forget drops what was noted so far.
func (p *Proxy) Forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.requests = nil
}

// Seen returns the requests that match, for example "POST /v1.51/grpc".
func (p *Proxy) Seen(pattern string) []string {
	re := regexp.MustCompile(pattern)
	p.mu.Lock()
	defer p.mu.Unlock()
	seen := []string{}
	for _, r := range p.requests {
		if re.MatchString(r) {
			seen = append(seen, r)
		}
	}
	return seen
}

// CLI is docker bmo by way of the proxy.
func (p *Proxy) CLI() CLI { return CLI{Env: []string{"DOCKER_HOST=" + p.Host}} }
