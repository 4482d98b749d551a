package engine

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	"gotest.tools/v3/assert"
)

// serving starts the relay that leads connections elsewhere, and returns the port that it listens to.
func serving(t *testing.T, to string) (port string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	assert.NilError(t, err)
	_, port, _ = net.SplitHostPort(l.Addr().String())
	assert.NilError(t, l.Close())
	host, at, err := net.SplitHostPort(to)
	assert.NilError(t, err)
	cmd := program(t)(port)
	cmd.Args = append(cmd.Args, host, at, "stay")
	assert.NilError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return port
}

// dialSoon connects to a port that is about to listen.
func dialSoon(t *testing.T, port string) *net.TCPConn {
	t.Helper()
	for {
		c, err := net.Dial("tcp", "127.0.0.1:"+port)
		if err == nil {
			return c.(*net.TCPConn)
		}
		assert.Assert(t, errors.Is(err, syscall.ECONNREFUSED), "%v", err)
		assert.NilError(t, t.Context().Err())
		time.Sleep(5 * time.Millisecond)
	}
}

// U10: a port of a container's loopback interface leads elsewhere, for many connections at once, each with both halves.
func TestU10RelayServes(t *testing.T) {
	sent := bytes.Repeat([]byte("0123456789abcdef"), 20_000)
	server, err := net.Listen("tcp", "127.0.0.1:0")
	assert.NilError(t, err)
	defer server.Close()
	go func() {
		for {
			c, err := server.Accept()
			if err != nil {
				return
			}
			go func() { // answers when the client has said all
				defer c.Close()
				b, _ := io.ReadAll(c)
				_, _ = c.Write(b)
			}()
		}
	}()
	port := serving(t, server.Addr().String())
	var group errgroup.Group
	for range 8 {
		c := dialSoon(t, port)
		group.Go(func() error {
			defer c.Close()
			if _, err := c.Write(sent); err != nil {
				return err
			}
			if err := c.CloseWrite(); err != nil {
				return err
			}
			got, err := io.ReadAll(c)
			if err == nil && !bytes.Equal(got, sent) {
				err = fmt.Errorf("%d bytes came back", len(got))
			}
			return err
		})
	}
	assert.NilError(t, group.Wait())
}

// TestU10RelayServesNobody: a connection to an application that does not listen ends at once, as on the host.
func TestU10RelayServesNobody(t *testing.T) {
	c := dialSoon(t, serving(t, "127.0.0.1:1"))
	defer c.Close()
	_, err := c.Read(make([]byte, 1))
	assert.Assert(t, err != nil)
}

// TestU10RelayInTheBackground: it waits for its word, as all relays do, and the process that was started has ended when the
// port listens.
func TestU10RelayInTheBackground(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	assert.NilError(t, err)
	defer taken.Close()
	_, port, _ := net.SplitHostPort(taken.Addr().String())
	run := func(stdin string, args ...string) (said string, code int) {
		cmd := program(t)(port)
		cmd.Args, cmd.Stdin = append(cmd.Args, args...), strings.NewReader(stdin)
		out, err := cmd.CombinedOutput()
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			return string(out), exit.ExitCode()
		}
		assert.NilError(t, err)
		return string(out), 0
	}
	said, code := run("\n", "127.0.0.1", "1")
	assert.Equal(t, said, "waiting\n"+saysInUse+"\n")
	assert.Equal(t, code, 1)
	said, code = run("", "127.0.0.1", "1") // nobody waits any more
	assert.Equal(t, said, "waiting\n")
	assert.Equal(t, code, 1)
	for _, bad := range [][]string{{"127.0.0", "1"}, {"127.0.0.1.1", "1"}, {"1.2.3.256", "1"}, {"1.2.3.4", "0"}, {"1.2.3.4", "x"}} {
		said, code = run("\n", bad...)
		assert.Equal(t, said, "", "%v", bad)
		assert.Equal(t, code, 2, "%v", bad)
	}
}
