package engine

import (
	"io"
	"net"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"gotest.tools/v3/assert"
)

// startRelay runs the relay script locally, against a server on this machine.
func startRelay(t *testing.T, script string, serve func(net.Conn)) (stdin io.WriteCloser, stdout, stderr io.ReadCloser) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	assert.NilError(t, err)
	t.Cleanup(func() { l.Close() })
	go func() {
		if c, err := l.Accept(); err == nil {
			serve(c)
		}
	}()
	cmd := exec.Command("bash", "-c", script, strconv.Itoa(l.Addr().(*net.TCPAddr).Port))
	// Explicit pipes: unlike those of os/exec they show when the last process that holds the other end has closed it.
	stdin, err = cmd.StdinPipe()
	assert.NilError(t, err)
	stdout, err = cmd.StdoutPipe()
	assert.NilError(t, err)
	stderr, err = cmd.StderrPipe()
	assert.NilError(t, err)
	assert.NilError(t, cmd.Start())
	_, err = io.WriteString(stdin, "\n")
	assert.NilError(t, err)
	t.Cleanup(func() {
		stdin.Close()
		_ = cmd.Wait()
	})
	return stdin, stdout, stderr
}

// readAll reads to the end of r and fails the test when the end does not come.
func readAll(t *testing.T, r io.Reader) string {
	t.Helper()
	got := make(chan string, 1)
	go func() {
		b, _ := io.ReadAll(r)
		got <- string(b)
	}()
	select {
	case s := <-got:
		return s
	case <-time.After(10 * time.Second):
		t.Fatal("the relay's output did not end")
		return ""
	}
}

// An HTTP server that sends no length ends its response by closing the connection.
func TestRelayEndsWhenTheServerCloses(t *testing.T) {
	_, stdout, stderr := startRelay(t, relay, func(c net.Conn) {
		_, _ = c.Write([]byte("all of it"))
		c.Close()
	})
	assert.Equal(t, readAll(t, stdout), "all of it")
	assert.Equal(t, readAll(t, stderr), "connected\n")
}

func TestRelayEndsWhenTheClientCloses(t *testing.T) {
	received, closed := make(chan string, 1), make(chan struct{})
	stdin, stdout, _ := startRelay(t, relay, func(c net.Conn) {
		b, _ := io.ReadAll(c)
		received <- string(b)
		close(closed)
	})
	_, err := stdin.Write([]byte("bye\x00\xff"))
	assert.NilError(t, err)
	assert.NilError(t, stdin.Close())
	assert.Equal(t, readAll(t, stdout), "")
	<-closed
	assert.Equal(t, <-received, "bye\x00\xff")
}

// Whichever side ends first, the relay waits for all processes it started: process 1 of a container often does not
// reap, and each connection would leave zombies.
func TestRelayLeavesNoProcess(t *testing.T) {
	for name, end := range map[string]func(stdin io.Closer, server net.Conn) error{
		"the server closes": func(_ io.Closer, server net.Conn) error { return server.Close() },
		"the client closes": func(stdin io.Closer, _ net.Conn) error { return stdin.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			servers := make(chan net.Conn, 1)
			stdin, stdout, _ := startRelay(t, relay+"\necho left: $(jobs -p)", func(c net.Conn) { servers <- c })
			server := <-servers
			defer server.Close()
			assert.NilError(t, end(stdin, server))
			assert.Equal(t, readAll(t, stdout), "left:\n")
		})
	}
}
