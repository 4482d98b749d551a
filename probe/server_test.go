package probe

import (
	"context"
	"net"
	"sync"
	"testing"

	"gotest.tools/v3/assert"
)

// server serves each connection by the next of the functions, the last one again and again.
func server(t *testing.T, serve ...func(net.Conn)) Dialer {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	assert.NilError(t, err)
	var conns sync.WaitGroup
	t.Cleanup(conns.Wait)
	t.Cleanup(func() { _ = l.Close() })
	conns.Go(func() {
		for n := 0; ; n++ {
			c, err := l.Accept()
			if err != nil {
				return
			}
			conns.Go(func() {
				defer c.Close()
				serve[min(n, len(serve)-1)](c)
			})
		}
	})
	return func(ctx context.Context) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "tcp", l.Addr().String())
	}
}

// refused is the dialer of a server that is not there.
func refused(t *testing.T) Dialer {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	assert.NilError(t, err)
	addr := l.Addr().String()
	assert.NilError(t, l.Close())
	return func(ctx context.Context) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "tcp", addr)
	}
}

func TestTCP(t *testing.T) {
	assert.NilError(t, TCP{Port: 1}.Check(t.Context(), server(t, func(net.Conn) {})))
	assert.ErrorContains(t, TCP{Port: 1}.Check(t.Context(), refused(t)), "connection refused")
	assert.Equal(t, TCP{Port: 1}.String(), "tcp connect to port 1")
}
