package instance

import (
	"io"
	"net"
	"sync/atomic"
	"time"
)

// How long a server may be silent after its client has closed its half of the connection: briefly if the server has
// answered, which is the case with nearly every client; longer if an answer is due, since a client may close its half
// and wait for it.
const answered, unanswered = 250 * time.Millisecond, time.Minute

// relay copies in both directions, and closes both connections when the server is done, or when the client is done and
// the server sends nothing more. One half of a tunnel cannot be closed, so the client's end is not passed on before
// that.
func relay(client, server net.Conn) {
	var due atomic.Bool // whether the client spoke last
	var leaving atomic.Pointer[time.Timer]
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = io.Copy(tap{server, func() { due.Store(true) }}, client)
		linger := answered
		if due.Load() {
			linger = unanswered
		}
		leaving.Store(time.AfterFunc(linger, func() { server.Close() }))
	}()
	_, _ = io.Copy(tap{client, func() {
		due.Store(false)
		if t := leaving.Load(); t != nil {
			t.Reset(answered)
		}
	}}, server)
	server.Close()
	client.Close()
	<-done
	leaving.Load().Stop()
}

// tap calls about before every write.
type tap struct {
	io.Writer
	about func()
}

func (t tap) Write(p []byte) (int, error) {
	t.about()
	return t.Writer.Write(p)
}
