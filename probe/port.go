package probe

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// Port is ready when a server answers on it, with HTTP if it speaks it. It is for servers of which nothing is known.
type Port struct {
	Port int
	// Host is what a request names as its host.
	Host string
}

func (p Port) String() string { return fmt.Sprintf("port %d", p.Port) }

// silence is how long a server that keeps a connection open may take to say something before it is taken for one that
// waits for its client. thought is the same for an answer to a request: an application may have much to do before its
// first one, and what is no HTTP server does not keep silent for long about a request that it does not understand.
var silence, thought = time.Second, 10 * time.Second

// Limit returns how long one try may take.
func (p Port) Limit() time.Duration { return thought + 5*time.Second }

// Check sends a request and judges what comes.
func (p Port) Check(ctx context.Context, dial Dialer) error {
	err := p.ask(ctx, dial)
	if errors.Is(err, errHungUp) {
		// A server that hangs up on what it does not understand does so again; one that has just ended is gone.
		if err = p.ask(ctx, dial); errors.Is(err, errHungUp) {
			return nil
		}
	}
	return err
}

// errHungUp reports that a server itself has accepted a connection, and closed it without a word.
var errHungUp = errors.New("closed the connection without an answer")

func (p Port) ask(ctx context.Context, dial Dialer) error {
	c, err := dial(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	defer context.AfterFunc(ctx, func() { c.Close() })()
	// A server that has closed its end already makes this fail, and what it said can be read all the same.
	_, _ = fmt.Fprintf(c, "GET / HTTP/1.1\r\nHost: %s\r\nUser-Agent: docker-bmo\r\nAccept: */*\r\nConnection: close\r\n\r\n", p.Host)
	first, err := firstBytes(c, thought)
	switch {
	case len(first) > 0:
		return judgeAnswer(io.MultiReader(bytes.NewReader(first), c))
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.Is(err, errSilent):
		return nil // it waits for its client
	case proxied(c):
		return errHungUpByProxy
	default:
		return errHungUp
	}
}

// errHungUpByProxy is errHungUp of what is not the server.
var errHungUpByProxy = errors.New("closed the connection without an answer: a proxy accepts for a server that is not there")

// errSilent reports that a server has kept a connection open and said nothing.
var errSilent = errors.New("says nothing")

// firstBytes returns what a server says first: as much as is needed to see that it is HTTP. If it says nothing for that
// long, the connection is closed. A deadline would not do: connections by ssh have none.
func firstBytes(c net.Conn, wait time.Duration) ([]byte, error) {
	var silent atomic.Bool
	timer := time.AfterFunc(wait, func() {
		silent.Store(true)
		c.Close()
	})
	b := make([]byte, len(httpBegin))
	n, err := io.ReadAtLeast(c, b, 1)
	if !timer.Stop() && err != nil && silent.Load() {
		return nil, errSilent
	}
	for err == nil && n < len(b) && bytes.HasPrefix([]byte(httpBegin), b[:n]) {
		var more int
		more, err = c.Read(b[n:])
		n += more
	}
	return b[:n], err
}

// httpBegin is what every answer in HTTP begins with.
const httpBegin = "HTTP/"

// judgeAnswer reports whether what a server says shows that it is ready. One that speaks no HTTP does by speaking.
func judgeAnswer(r io.Reader) error {
	br := bufio.NewReader(r)
	if begin, _ := br.Peek(len(httpBegin)); string(begin) != httpBegin {
		return nil
	}
	resp, err := http.ReadResponse(br, nil)
	if err != nil {
		return fmt.Errorf("answered with HTTP that breaks off: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode < http.StatusInternalServerError {
		return nil
	}
	body, _ := io.ReadAll(io.LimitReader(resp.Body, maxBody)) // for the reason only
	return fmt.Errorf("answered %s: %s", resp.Status, excerpt(body))
}

// proxied reports whether a connection was accepted by something that does so before the server is there.
func proxied(c net.Conn) bool {
	p, ok := c.(interface{ Proxied() bool })
	return ok && p.Proxied()
}
