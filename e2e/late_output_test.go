package e2e

import (
	"context"
	"io"
	"net/http"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/docker-bmo/docker-bmo/e2e/harness"
)

// slowOutput is a proxy that holds back what a container prints until half a second after the engine has told that it
// ended.
func slowOutput(t *testing.T) *harness.Proxy {
	type gate struct {
		context.Context
		open context.CancelFunc
	}
	var gates sync.Map
	gateOf := func(id string) gate {
		ctx, open := context.WithCancel(t.Context())
		g, _ := gates.LoadOrStore(id, gate{ctx, open})
		return g.(gate)
	}
	path := regexp.MustCompile(`/containers/([^/]+)/(attach|wait)$`)
	return harness.NewProxy(t, nil, func(r *http.Response) error {
		m := path.FindStringSubmatch(r.Request.URL.Path)
		switch {
		case m == nil:
		case m[2] == "wait":
			r.Body = &atEnd{r.Body, func() { time.AfterFunc(500*time.Millisecond, gateOf(m[1]).open) }}
		case r.StatusCode == http.StatusSwitchingProtocols:
			r.Body = &heldBack{r.Body.(io.ReadWriteCloser), gateOf(m[1]).Done()}
		}
		return nil
	})
}

// atEnd calls a function when everything has been read.
type atEnd struct {
	io.ReadCloser
	end func()
}

func (r *atEnd) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p)
	if err != nil {
		r.end()
	}
	return n, err
}

// heldBack gives nothing to read for a while.
type heldBack struct {
	io.ReadWriteCloser
	until <-chan struct{}
}

func (c *heldBack) Read(p []byte) (int, error) {
	<-c.until
	return c.ReadWriteCloser.Read(p)
}
