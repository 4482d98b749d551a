package engine

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/docker/docker/api/types"
	"github.com/docker/docker/pkg/stdcopy"
	"gotest.tools/v3/assert"
)

// frame is a piece of one of the streams multiplexed on an exec's connection.
func frame(stream stdcopy.StdType, data string) string {
	head := make([]byte, 8)
	head[0] = byte(stream)
	binary.BigEndian.PutUint32(head[4:], uint32(len(data)))
	return string(head) + data
}

// relayed returns a tunnel whose other end sends text in pieces and then closes the connection.
func relayed(t *testing.T, pieces ...string) *tunnel {
	t.Helper()
	ours, theirs := net.Pipe()
	tn := newTunnel(types.HijackedResponse{Conn: ours, Reader: bufio.NewReader(ours)})
	t.Cleanup(func() { _ = tn.Close() })
	go func() {
		defer theirs.Close()
		for _, p := range pieces {
			if _, err := io.WriteString(theirs, p); err != nil {
				return
			}
		}
	}()
	return tn
}

func out(s string) string { return frame(stdcopy.Stdout, s) }

// up is what a relay says when it has connected.
var up = complaint("waiting\nconnected\n") + out("connected\n")

func complaint(s string) string { return frame(stdcopy.Stderr, s) }

func TestTunnelFrames(t *testing.T) {
	for _, c := range []struct {
		name   string
		pieces []string
		// up reports whether the relay says that it has connected; then data and readErr are what is read, else err is the
		// reason.
		up            bool
		data, readErr string
		err           string
	}{
		{name: "hangs up at once", err: "unexpected EOF"},
		{name: "says why not", pieces: []string{complaint("waiting\nnothing listens on port 1\n")}, err: "nothing listens on port 1"},
		{name: "no bash", pieces: []string{out("OCI runtime exec failed: exec: \"bash\": executable file not found in $PATH\r\n")}, err: "its image has no bash"},
		{name: "data", pieces: []string{up, out("a"), out("b")}, up: true, data: "ab"},
		{name: "word and data in one", pieces: []string{out("connected\na")}, up: true, data: "a"},
		{name: "word in two", pieces: []string{out("conn"), out("ected\n"), out("a")}, up: true, data: "a"},
		{name: "word as data", pieces: []string{up, out("connected\n"), out("a")}, up: true, data: "connected\na"},
		{name: "noise before the word", pieces: []string{complaint("bash: warning: setlocale: LC_ALL: cannot change locale (en_US.UTF-8)\n"), out("hello"), up, out("a")}, up: true, data: "a"},
		{name: "noise, and nobody listens", pieces: []string{complaint("bash: warning: setlocale\nwaiting\nnothing listens on port 1\n")}, err: "nothing listens on port 1"},
		{name: "split frame", pieces: []string{up, out("abc")[:9], out("abc")[9:]}, up: true, data: "abc"},
		{name: "empty frame", pieces: []string{up, out(""), out("a")}, up: true, data: "a"},
		{name: "complains later", pieces: []string{up, complaint("broken pipe\n"), out("a")}, up: true, data: "a", readErr: "broken pipe"},
		{name: "cut off in a frame", pieces: []string{up, out("abc")[:9]}, up: true},
		{name: "engine's own error", pieces: []string{frame(stdcopy.Systemerr, "it broke")}, err: "error from daemon in stream: it broke"},
	} {
		t.Run(c.name, func(t *testing.T) {
			tn := relayed(t, c.pieces...)
			if !c.up {
				<-tn.ended
				assert.Error(t, tn.err, c.err)
				return
			}
			select {
			case <-tn.connected:
			case <-time.After(10 * time.Second):
				t.Fatal("it is not connected")
			}
			data, err := io.ReadAll(tn)
			assert.Equal(t, string(data), c.data)
			if c.readErr == "" {
				assert.NilError(t, err)
			} else {
				assert.Error(t, err, c.readErr)
			}
		})
	}
}

func TestTunnelReadDeadline(t *testing.T) {
	ours, theirs := net.Pipe()
	defer theirs.Close()
	tn := newTunnel(types.HijackedResponse{Conn: ours, Reader: bufio.NewReader(ours)})
	defer tn.Close()
	assert.NilError(t, tn.SetReadDeadline(time.Now().Add(-time.Second)))
	_, err := tn.Read(make([]byte, 1))
	var timeout net.Error
	assert.Assert(t, errors.As(err, &timeout) && timeout.Timeout(), "%v", err)
}

func TestTunnelCloseEndsRead(t *testing.T) {
	ours, theirs := net.Pipe()
	defer theirs.Close()
	tn := newTunnel(types.HijackedResponse{Conn: ours, Reader: bufio.NewReader(ours)})
	read := make(chan error)
	go func() {
		_, err := tn.Read(make([]byte, 1))
		read <- err
	}()
	assert.NilError(t, tn.Close())
	assert.NilError(t, tn.Close())
	assert.Assert(t, <-read != nil)
	<-tn.ended
}
