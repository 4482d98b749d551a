package registry

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"syscall"
	"time"
)

// tries is how often a request is sent that the registry did not answer, or answered with trouble that may pass.
const tries = 5

// bodyLimit is what an answer may have: manifests, configurations and lists of tags. Layers are the engine's.
const bodyLimit = 16 << 20

// afterLimit is how long a registry may ask to be left alone.
const afterLimit = 30 * time.Second

// pause waits before another try. Tests replace it.
var pause = func(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
		return nil
	}
}

// backoff is how long to wait after that many tries.
func backoff(try int) time.Duration { return 200 * time.Millisecond << (try - 1) }

// transport sends small requests and reads the answers whole, again when one is cut off, when the registry is busy or
// when it asks to be left alone for a while.
type transport struct {
	base http.RoundTripper
	// plain says that the registry may be spoken to without TLS.
	plain bool
}

// RoundTrip is http.RoundTripper's.
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := t.check(r); err != nil {
		return nil, err
	}
	var body []byte
	if r.Body != nil {
		defer r.Body.Close()
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
	}
	for try := 1; ; try++ {
		resp, err := t.once(r, body)
		wait, again := retry(resp, err)
		if again && try == tries && err != nil {
			return nil, errors.New(err.Error()) // go-containerregistry would begin anew if it saw what it is
		}
		if !again || try == tries || r.Context().Err() != nil {
			return resp, err
		}
		if err := pause(r.Context(), max(wait, backoff(try))); err != nil {
			return nil, err
		}
	}
}

// check refuses to speak to a registry on another machine without TLS.
func (t *transport) check(r *http.Request) error {
	if r.URL.Scheme == "http" && !t.plain {
		return fmt.Errorf("%s does not speak TLS, and is not on this machine", r.URL.Host)
	}
	return nil
}

// tlsOnly sends requests once, and hands the answers on as they come.
type tlsOnly struct{ *transport }

// RoundTrip is http.RoundTripper's.
func (t tlsOnly) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := t.check(r); err != nil {
		return nil, err
	}
	return t.base.RoundTrip(r)
}

// once sends a request and reads the whole answer.
func (t *transport) once(r *http.Request, body []byte) (*http.Response, error) {
	r = r.Clone(r.Context())
	if r.Body != nil {
		r.Body = io.NopCloser(bytes.NewReader(body))
		r.ContentLength = int64(len(body))
	}
	resp, err := t.base.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, bodyLimit+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("the answer of %s was cut off: %w", r.URL.Host, err)
	case len(answer) > bodyLimit:
		return nil, fmt.Errorf("the answer of %s is larger than %d bytes", r.URL.Host, bodyLimit)
	}
	resp.Body = io.NopCloser(bytes.NewReader(answer))
	return resp, nil
}

// retry reports whether a request may succeed when it is sent again, and when the registry wants that to be.
func retry(resp *http.Response, err error) (wait time.Duration, again bool) {
	if err != nil {
		return 0, passes(err)
	}
	switch resp.StatusCode {
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return after(resp.Header.Get("Retry-After")), true
	case http.StatusRequestTimeout, http.StatusInternalServerError, http.StatusBadGateway, http.StatusGatewayTimeout:
		return 0, true
	}
	return 0, false
}

// after reads a Retry-After.
func after(header string) time.Duration {
	if n, err := strconv.Atoi(header); err == nil {
		return min(max(time.Duration(n)*time.Second, 0), afterLimit)
	}
	if at, err := http.ParseTime(header); err == nil {
		return min(max(time.Until(at), 0), afterLimit)
	}
	return 0
}

// passes reports whether an error is one of a connection that broke, in which case another may hold.
func passes(err error) bool {
	for _, cause := range []error{
		io.EOF, io.ErrUnexpectedEOF, syscall.ECONNRESET, syscall.ECONNREFUSED, syscall.EPIPE, net.ErrClosed,
	} {
		if errors.Is(err, cause) {
			return true
		}
	}
	var slow net.Error
	return errors.As(err, &slow) && slow.Timeout() && !errors.Is(err, context.DeadlineExceeded)
}
