package engine

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/pkg/stdcopy"
)

// relay waits for a line on its input, then connects its standard streams to a port of the container's own loopback
// interface and reports that on standard error. It waits a while for a server to listen, so that one exec is enough for
// a server that is about to come up, and gives up at once when its input ends, that is, when nobody waits any more.
//
// When one side ends, so does the other. No process stays in the container: a leftover cat would hold the connection,
// and one that the relay itself does not wait for would be a zombie wherever process 1 does not reap. The end of the
// cat to the server is noticed by the end of descriptor 5, which only that cat holds. Needs bash 4.4 and cat.
const relay = `read -r || exit 1
for ((i = 0; i < 75; i++)); do
  { exec 3<>/dev/tcp/127.0.0.1/$0; } 2>/dev/null && break
  read -rt 0.02
  (($? != 1)) || exit 1
done
{ true >&3; } 2>/dev/null || { echo "nothing listens on port $0" >&2; exit 1; }
echo connected >&2
exec 4<&0 2>/dev/null
cat <&3 & r=$!
exec 5> >(read -r; kill $r) && k=$!
cat <&4 >&3 & w=$!
exec 5>&-
wait $r
kill $w
wait $w $k`

// Dial opens a TCP connection to a port inside a running container. It goes through the Engine API, so it works for
// ports that are not published and for engines on other machines. The image must have bash and cat.
func (e *Engine) Dial(ctx context.Context, id string, port int) (net.Conn, error) {
	r, err := e.Relay(ctx, id, port)
	if err != nil {
		return nil, err
	}
	return r.Connect(ctx)
}

// Relay is the first and longer half of Dial: a process in the container that waits until it is told to connect.
type Relay struct{ t *tunnel }

// Relay starts a Relay. The caller must connect or close it.
func (e *Engine) Relay(ctx context.Context, id string, port int) (*Relay, error) {
	ex, err := e.api.ContainerExecCreate(ctx, id, container.ExecOptions{
		AttachStdin: true, AttachStdout: true, AttachStderr: true,
		Cmd: []string{"bash", "-c", relay, strconv.Itoa(port)},
	})
	if err != nil {
		return nil, fmt.Errorf("prepare a connection to port %d: %w", port, Plain(err))
	}
	att, err := hijack(ctx, func() (types.HijackedResponse, error) {
		return e.api.ContainerExecAttach(ctx, ex.ID, container.ExecAttachOptions{})
	})
	if err != nil {
		return nil, fmt.Errorf("connect to port %d: %w", port, Plain(err))
	}
	return &Relay{newTunnel(att)}, nil
}

// Connect opens the connection. If it fails, the relay is closed.
func (r *Relay) Connect(ctx context.Context) (net.Conn, error) {
	_, err := r.t.Write([]byte("\n"))
	if err != nil {
		r.t.Close() // a relay that has already ended knows the better reason
	}
	select {
	case <-r.t.connected:
		return r.t, nil
	case <-r.t.ended:
		err = r.t.err
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	r.t.Close()
	return nil, err
}

// Err returns why the relay has ended, or nil if it has not.
func (r *Relay) Err() error {
	select {
	case <-r.t.ended:
		return r.t.err
	default:
		return nil
	}
}

// Close ends a relay that has not been connected.
func (r *Relay) Close() error { return r.t.Close() }

// tunnel makes a net.Conn out of an exec's attached streams.
type tunnel struct {
	net.Conn  // the hijacked connection: writes and deadlines
	read      *io.PipeReader
	close     sync.Once
	connected chan struct{} // closed when the relay has connected
	ended     chan struct{} // closed when the relay has ended; then err says why
	err       error
}

func newTunnel(att types.HijackedResponse) *tunnel {
	r, w := io.Pipe()
	t := &tunnel{Conn: att.Conn, read: r, connected: make(chan struct{}), ended: make(chan struct{})}
	go func() {
		status := &relayStatus{connected: t.connected, data: w}
		_, err := stdcopy.StdCopy(relayData{status}, status, att.Reader)
		if msg := strings.TrimSpace(status.rest.String()); err == nil && msg != "" {
			err = relayError(msg)
		}
		if t.err = err; err == nil {
			t.err = io.ErrUnexpectedEOF
		}
		close(t.ended)
		w.CloseWithError(err) // nil reads as io.EOF
	}()
	return t
}

// relayStatus reads the relay's standard error: the line that says that it has connected, then errors.
type relayStatus struct {
	connected chan struct{}
	said      bool // whether it has said that it is connected
	rest      bytes.Buffer
	data      io.Writer
}

func (s *relayStatus) Write(p []byte) (int, error) {
	s.rest.Write(p)
	if !s.said && bytes.HasPrefix(s.rest.Bytes(), []byte("connected\n")) {
		s.rest.Next(len("connected\n"))
		s.said = true
		close(s.connected)
	}
	return len(p), nil
}

// relayData receives the relay's standard output. What comes before it has connected is not data but the engine's
// message that it cannot run the relay, for example because there is no bash.
type relayData struct{ *relayStatus }

func (d relayData) Write(p []byte) (int, error) {
	if !d.said {
		return d.rest.Write(p)
	}
	return d.data.Write(p)
}

// Read reads what the container's server sent.
func (t *tunnel) Read(p []byte) (int, error) { return t.read.Read(p) }

// SetReadDeadline sets the deadline of the underlying connection, which ends the copying and thereby the read.
func (t *tunnel) SetReadDeadline(d time.Time) error { return t.Conn.SetReadDeadline(d) }

// Close ends the relay in the container.
func (t *tunnel) Close() error {
	var err error
	t.close.Do(func() {
		err = t.Conn.Close()
		t.read.Close()
	})
	return err
}
