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

// HTTP is ready when a GET of URL answers with Status and a body that Body matches.
type HTTP struct {
	// URL is what is asked for; its host goes into the request, the connection goes wherever the dialer leads.
	URL string
	// MinStatus and MaxStatus are the lowest and the highest status that will do. Redirects are not followed.
	MinStatus, MaxStatus int
	// Body is nil when anything will do.
	Body *regexp.Regexp
}

func (h HTTP) String() string { return "GET " + h.URL }

// maxBody bounds how much of an answer is read.
const maxBody = 1 << 20

// Check asks once.
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

// excerpt is the beginning of an answer, on one line.
func excerpt(b []byte) string {
	s := strings.Join(strings.Fields(string(b)), " ")
	if len(s) > 120 {
		s = strings.ToValidUTF8(s[:120], "") + "..."
	}
	return s
}
