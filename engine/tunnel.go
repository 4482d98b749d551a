package engine

import (
	"bytes"
	"context"
	"io"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/pkg/stdcopy"
)

// relay says that it is there, waits for a line on its input, then connects its standard streams to a port and says so.
// It waits a while for a server to listen, so that one exec is enough for a server that is about to come up, and gives
// up at once when its input ends, that is, when nobody waits any more. Its arguments are an address and a port.
//
// When one side ends, so does the other. No process stays in the container: a leftover cat would hold the connection,
// and one that the relay itself does not wait for would be a zombie wherever process 1 does not reap. The end of the
// cat to the server is noticed by the end of descriptor 5, which only that cat holds. Needs bash 4.4 and cat.
const relay = `command -v cat >/dev/null 2>&1 || { echo 'exec: "cat": executable file not found' >&2; exit 127; }
echo waiting >&2
read -r || exit 1
for ((i = 0; i < 75; i++)); do
  { exec 3<>"/dev/tcp/$0/$1"; } 2>/dev/null && break
  read -rt 0.02
  (($? != 1)) || exit 1
done
{ true >&3; } 2>/dev/null || { echo "nothing listens on port $1" >&2; exit 1; }
echo connected >&2
echo connected
exec 4<&0 2>/dev/null
cat <&3 & r=$!
exec 5> >(read -r; kill $r) && k=$!
cat <&4 >&3 & w=$!
exec 5>&-
wait $r
kill $w
wait $w $k`

// What a relay says: when it has started, on standard error; when it has connected, on both of its outputs, so that
// each can be told apart from what stands before it. That may be anything: an image's bash warns of a locale that the
// image lacks, and BASH_ENV may print.
const waiting, connected = "waiting\n", "connected\n"

// Relay is the first and longer half of Dial: a process in the container that waits until it is told to connect.
type Relay struct{ t *tunnel }

// execRelay starts a relay in a container, as a user of it; "" is the container's own.
func (e *Engine) execRelay(ctx context.Context, id, user string, command []string) (*Relay, error) {
	ex, err := e.api.ContainerExecCreate(ctx, id, container.ExecOptions{
		AttachStdin: true, AttachStdout: true, AttachStderr: true, Cmd: command, User: user,
	})
	if err != nil {
		return nil, Plain(err)
	}
	att, err := hijack(ctx, func() (types.HijackedResponse, error) {
		return e.api.ContainerExecAttach(ctx, ex.ID, container.ExecAttachOptions{})
	})
	if err != nil {
		return nil, Plain(err)
	}
	return &Relay{newTunnel(att)}, nil
}

// started waits until the relay runs. It returns an error that says why not.
func (r *Relay) started(ctx context.Context) error {
	select {
	case <-r.t.started:
		return nil
	case <-r.t.ended:
		select {
		case <-r.t.started: // and has ended since
			return nil
		default:
			return r.t.err
		}
	case <-ctx.Done():
		return context.Cause(ctx)
	}
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
		select {
		case <-r.t.connected: // and has ended since
			return r.t, nil
		default:
			err = r.t.err
		}
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
	started   chan struct{} // closed when the relay runs
	connected chan struct{} // closed when it has connected
	ended     chan struct{} // closed when it has ended; then err says why
	err       error
}

func newTunnel(att types.HijackedResponse) *tunnel {
	r, w := io.Pipe()
	t := &tunnel{
		Conn: att.Conn, read: r,
		started: make(chan struct{}), connected: make(chan struct{}), ended: make(chan struct{}),
	}
	go func() {
		out := &relayStream{words: []relayWord{{connected, func() { close(t.connected) }}}, data: w}
		status := &relayStream{words: []relayWord{{waiting, func() { close(t.started) }}, {connected, nil}}}
		_, err := stdcopy.StdCopy(out, status, att.Reader)
		// Without a word, standard output has the engine's message that it cannot run the relay.
		if msg := strings.TrimSpace(out.rest.String() + status.rest.String()); err == nil && msg != "" {
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

// relayStream is one of a relay's outputs: words with anything in front of them, then what counts.
type relayStream struct {
	words []relayWord // that are still to come
	rest  bytes.Buffer
	data  io.Writer // receives what follows the last word; nil keeps it in rest
}

type relayWord struct {
	word string
	said func()
}

func (s *relayStream) Write(p []byte) (int, error) {
	if len(s.words) == 0 && s.data != nil {
		return s.data.Write(p)
	}
	s.rest.Write(p)
	for len(s.words) > 0 {
		next := s.words[0]
		i := bytes.Index(s.rest.Bytes(), []byte(next.word))
		if i < 0 {
			return len(p), nil
		}
		s.rest.Next(i + len(next.word))
		if s.words = s.words[1:]; next.said != nil {
			next.said()
		}
	}
	if s.data == nil || s.rest.Len() == 0 {
		return len(p), nil
	}
	_, err := s.rest.WriteTo(s.data)
	return len(p), err
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
