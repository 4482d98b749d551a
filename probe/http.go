package probe

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/textproto"
	"net/url"
	"regexp"
	"strings"
)

// HTTP is ready when a GET of URL is answered with a status from MinStatus to MaxStatus and a body that matches Body.
type HTTP struct {
	// URL is what is requested, with the scheme http or https. A certificate is not verified. Its host is sent in the
	// request; the connection is the dialer's, wherever that leads.
	URL string
	// MinStatus and MaxStatus are the lowest and the highest status accepted.
	MinStatus, MaxStatus int
	// Body is what the body must match, nil for any.
	Body *regexp.Regexp
	// Host is sent in place of the URL's host, also as the name of the server in TLS.
	Host    string
	Headers map[string]string
	// Follow reports whether redirects are followed. One to another host or scheme is not: it is the answer.
	Follow bool
}

func (h HTTP) String() string { return "GET " + h.URL }

// maxBody limits how much of a response is read.
const maxBody = 1 << 20

// maxRedirects is how many redirects are followed, as browsers and Go do at least.
const maxRedirects = 10

// Check sends one request, and those that redirects ask for.
func (h HTTP) Check(ctx context.Context, dial Dialer) error {
	req, err := h.request(ctx)
	if err != nil {
		return err
	}
	tr := &http.Transport{
		DisableKeepAlives: true,
		DialContext:       func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) },
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: true, ServerName: serverName(req.Host)},
	}
	defer tr.CloseIdleConnections()
	jar, _ := cookiejar.New(nil) // never fails, according to its source
	client := &http.Client{Transport: tr, CheckRedirect: h.redirect(req), Jar: jar}
	resp, err := client.Do(req)
	var failed *url.Error
	if errors.As(err, &failed) {
		return failed.Err // without the address, which is in String
	}
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	return h.judge(resp)
}

// request returns the first request.
func (h HTTP) request(ctx context.Context) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, h.URL, nil)
	if err != nil {
		return nil, err
	}
	for k, v := range h.Headers {
		req.Header.Set(k, v)
		if textproto.CanonicalMIMEHeaderKey(k) == "Host" {
			req.Host = v
		}
	}
	if h.Host != "" {
		req.Host = h.Host
	}
	return req, nil
}

// serverName returns the name that TLS is told of a host, which is never an address.
func serverName(host string) string {
	u := url.URL{Host: host}
	if name := u.Hostname(); net.ParseIP(name) == nil {
		return name
	}
	return ""
}

// redirect returns what decides about a redirect of a request.
func (h HTTP) redirect(first *http.Request) func(*http.Request, []*http.Request) error {
	return func(next *http.Request, via []*http.Request) error {
		within := next.URL.Scheme == first.URL.Scheme &&
			(strings.EqualFold(next.URL.Host, first.URL.Host) || strings.EqualFold(next.URL.Host, first.Host))
		switch {
		case !h.Follow || !within:
			return http.ErrUseLastResponse
		case len(via) > maxRedirects:
			return fmt.Errorf("redirected more than %d times, last to %s", maxRedirects, next.URL)
		}
		next.Host = first.Host
		return nil
	}
}

// judge reports whether a response is the expected one.
func (h HTTP) judge(resp *http.Response) error {
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody))
	if err != nil {
		return fmt.Errorf("answered %s, then: %w", resp.Status, err)
	}
	if resp.StatusCode < h.MinStatus || resp.StatusCode > h.MaxStatus {
		return fmt.Errorf("answered %s: %s", resp.Status, excerpt(body))
	}
	if h.Body != nil && !h.Body.Match(body) {
		return fmt.Errorf("answered %s, but the body does not match %q: %s", resp.Status, h.Body, excerpt(body))
	}
	return nil
}

// excerpt returns the beginning of a response, on one line.
func excerpt(b []byte) string {
	s := strings.Join(strings.Fields(string(b)), " ")
	if len(s) > 120 {
		s = strings.ToValidUTF8(s[:120], "") + "..."
	}
	return s
}
