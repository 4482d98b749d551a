package kube

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/httpstream"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/transport/spdy"
)

// tunnel leads to the ports of a Pod through the cluster's API. It has one connection, made when it is needed, and again when
// it has been lost.
type tunnel struct {
	dial func(ctx context.Context) (httpstream.Connection, error)

	mu   sync.Mutex
	conn httpstream.Connection
	next int
}

func (c *Cluster) newTunnel(pod string) *tunnel {
	return &tunnel{dial: func(context.Context) (httpstream.Connection, error) {
		dialer, err := c.dialer(pod)
		if err != nil {
			return nil, err
		}
		conn, _, err := dialer.Dial(portforward.PortForwardProtocolV1Name)
		if err != nil {
			return nil, c.explain(err, "create", "pods/portforward")
		}
		return conn, nil
	}}
}

// dialer speaks WebSocket, and SPDY where the cluster is older than that or something on the way does not.
func (c *Cluster) dialer(pod string) (httpstream.Dialer, error) {
	at := c.api.of(pod, "portforward").URL()
	transport, upgrader, err := spdy.RoundTripperFor(c.rest)
	if err != nil {
		return nil, err
	}
	old := spdy.NewDialer(upgrader, &http.Client{Transport: transport}, http.MethodPost, at)
	modern, err := portforward.NewSPDYOverWebsocketDialer(at, c.rest)
	if err != nil {
		return nil, err
	}
	return portforward.NewFallbackDialer(modern, old, cannotUpgrade), nil
}

// cannotUpgrade reports whether the other side does not speak WebSocket.
func cannotUpgrade(err error) bool {
	return httpstream.IsUpgradeFailure(err) || httpstream.IsHTTPSProxyError(err)
}

// connection returns the connection, and the number of the next request on it.
func (t *tunnel) connection(ctx context.Context) (httpstream.Connection, string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.conn != nil {
		select {
		case <-t.conn.CloseChan():
			t.conn = nil
		default:
		}
	}
	if t.conn == nil {
		conn, err := t.dial(ctx)
		if err != nil {
			return nil, "", err
		}
		t.conn = conn
	}
	t.next++
	return t.conn, strconv.Itoa(t.next), nil
}

// Dial connects to a port of the Pod. That nobody listens there shows only when something is read.
func (t *tunnel) Dial(ctx context.Context, port int) (net.Conn, error) {
	conn, id, err := t.connection(ctx)
	if err != nil {
		return nil, err
	}
	h := http.Header{}
	h.Set(corev1.PortHeader, strconv.Itoa(port))
	h.Set(corev1.PortForwardRequestIDHeader, id)
	h.Set(corev1.StreamType, corev1.StreamTypeError)
	said, err := conn.CreateStream(h)
	if err != nil {
		t.drop(conn)
		return nil, fmt.Errorf("forward port %d: %w", port, err)
	}
	_ = said.Close() // for writing: the cluster alone speaks there
	h.Set(corev1.StreamType, corev1.StreamTypeData)
	data, err := conn.CreateStream(h)
	if err != nil {
		t.drop(conn)
		return nil, fmt.Errorf("forward port %d: %w", port, err)
	}
	f := &forwarded{Stream: data, port: port, remove: func() { conn.RemoveStreams(said, data) }}
	go f.listen(said)
	return f, nil
}

// drop gives up a connection that does not work.
func (t *tunnel) drop(conn httpstream.Connection) {
	t.mu.Lock()
	defer t.mu.Unlock()
	conn.Close()
	if t.conn == conn {
		t.conn = nil
	}
}

// Close ends all connections.
func (t *tunnel) Close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.conn != nil {
		t.conn.Close()
	}
}

// forwarded is one connection to a port of a Pod.
type forwarded struct {
	httpstream.Stream
	port   int
	remove func()

	once sync.Once
	mu   sync.Mutex
	why  error
}

// listen waits for what the cluster has to say, which is only ever why a connection has failed.
func (f *forwarded) listen(said io.Reader) {
	text, err := io.ReadAll(io.LimitReader(said, 4096))
	if len(text) > 0 {
		err = errors.New(string(text))
	}
	if err != nil {
		f.mu.Lock()
		f.why = fmt.Errorf("forward port %d: %w", f.port, err)
		f.mu.Unlock()
		_ = f.Stream.Reset()
	}
}

// Read reads, and says why there is nothing to read.
func (f *forwarded) Read(b []byte) (int, error) {
	n, err := f.Stream.Read(b)
	if err == nil || n > 0 {
		return n, err
	}
	if why := f.failure(); why != nil {
		return n, why
	}
	return n, err
}

// failure returns why the cluster could not connect, nil if it could.
func (f *forwarded) failure() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.why
}

// CloseWrite says that nothing more comes.
func (f *forwarded) CloseWrite() error { return f.Stream.Close() }

// Close ends both directions.
func (f *forwarded) Close() error {
	f.once.Do(func() {
		_ = f.Stream.Reset()
		f.remove()
	})
	return nil
}

// LocalAddr is that of net.Conn; there is none.
func (*forwarded) LocalAddr() net.Addr { return podAddr{} }

// RemoteAddr is that of net.Conn; there is none.
func (*forwarded) RemoteAddr() net.Addr { return podAddr{} }

// SetDeadline does nothing: who has waited for too long closes the connection.
func (*forwarded) SetDeadline(time.Time) error { return nil }

// SetReadDeadline is as SetDeadline.
func (*forwarded) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline is as SetDeadline.
func (*forwarded) SetWriteDeadline(time.Time) error { return nil }

type podAddr struct{}

func (podAddr) Network() string { return "tcp" }
func (podAddr) String() string  { return "pod" }
