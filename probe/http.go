package probe

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
)

// HTTP is ready when a GET of URL is answered with a status from MinStatus to MaxStatus and a body that matches Body.
type HTTP struct {
	// URL is what is requested. Its host is sent in the request; the connection is the dialer's, wherever that leads.
	URL string
	// MinStatus and MaxStatus are the lowest and the highest status accepted. Redirects are not followed.
	MinStatus, MaxStatus int
	// Body is what the body must match, nil for any.
	Body *regexp.Regexp
}

func (h HTTP) String() string { return "GET " + h.URL }

// maxBody limits how much of a response is read.
const maxBody = 1 << 20

// Check sends one request.
func (h HTTP) Check(ctx context.Context, dial Dialer) error {
	tr := &http.Transport{
		DisableKeepAlives: true,
		DialContext:       func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) },
	}
	defer tr.CloseIdleConnections()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, h.URL, nil)
	if err != nil {
		return err
	}
	resp, err := tr.RoundTrip(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
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
