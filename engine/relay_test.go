package engine

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"gotest.tools/v3/assert"
)

// script is a relay as bash runs it.
func script(text string) func(port string) *exec.Cmd {
	return func(port string) *exec.Cmd { return exec.Command("bash", "-c", text, "127.0.0.1", port) }
}

// program is the relay that needs nothing, as it is embedded.
func program(t *testing.T) func(port string) *exec.Cmd {
	t.Helper()
	bin, ok := relays[runtime.GOARCH]
	if !ok || runtime.GOOS != "linux" {
		t.Skip("there is no relay for this platform")
	}
	path := filepath.Join(t.TempDir(), "relay")
	assert.NilError(t, os.WriteFile(path, bin, 0o755))
	return func(port string) *exec.Cmd { return exec.Command(path, port) }
}

// bothRelays runs a test with the script and with the program: they do the same.
func bothRelays(t *testing.T, test func(t *testing.T, command func(port string) *exec.Cmd)) {
	t.Run("script", func(t *testing.T) { test(t, script(relay)) })
	t.Run("program", func(t *testing.T) { test(t, program(t)) })
}

// startRelay runs a relay locally, against a server on this machine.
func startRelay(t *testing.T, command func(port string) *exec.Cmd, serve func(net.Conn)) (stdin io.WriteCloser, stdout, stderr io.ReadCloser) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	assert.NilError(t, err)
	t.Cleanup(func() { l.Close() })
	go func() {
		if c, err := l.Accept(); err == nil {
			serve(c)
		}
	}()
	cmd := command(strconv.Itoa(l.Addr().(*net.TCPAddr).Port))
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
	case <-time.After(time.Minute):
		t.Fatal("the relay's output did not end")
		return ""
	}
}

// An HTTP server that sends no length ends its response by closing the connection.
func TestRelayEndsWhenTheServerCloses(t *testing.T) {
	bothRelays(t, func(t *testing.T, command func(string) *exec.Cmd) {
		_, stdout, stderr := startRelay(t, command, func(c net.Conn) {
			_, _ = c.Write([]byte("all of it"))
			c.Close()
		})
		assert.Equal(t, readAll(t, stdout), "connected\nall of it")
		assert.Equal(t, readAll(t, stderr), "waiting\nconnected\n")
	})
}

func TestRelayEndsWhenTheClientCloses(t *testing.T) {
	bothRelays(t, func(t *testing.T, command func(string) *exec.Cmd) {
		received := make(chan string, 1)
		stdin, stdout, _ := startRelay(t, command, func(c net.Conn) {
			b, _ := io.ReadAll(c)
			received <- string(b)
		})
		_, err := stdin.Write([]byte("bye\x00\xff"))
		assert.NilError(t, err)
		assert.NilError(t, stdin.Close())
		assert.Equal(t, readAll(t, stdout), "connected\n")
		assert.Equal(t, <-received, "bye\x00\xff")
	})
}

// TestRelayCopiesBothWaysAtOnce: neither side has to read before it writes, however much that is.
func TestRelayCopiesBothWaysAtOnce(t *testing.T) {
	sent := bytes.Repeat([]byte("0123456789abcdef"), 100_000)
	bothRelays(t, func(t *testing.T, command func(string) *exec.Cmd) {
		stdin, stdout, _ := startRelay(t, command, func(c net.Conn) {
			defer c.Close()
			back := make(chan struct{})
			go func() {
				defer close(back)
				_, _ = c.Write(sent)
			}()
			_, _ = io.CopyN(io.Discard, c, int64(len(sent)))
			<-back
		})
		go func() { _, _ = stdin.Write(sent) }()
		got := readAll(t, stdout)
		assert.Equal(t, len(got), len("connected\n")+len(sent))
		assert.Assert(t, strings.HasSuffix(got, string(sent)))
	})
}

// TestRelayWaitsForAServer: one that is about to come up is met by the relay that was there before it.
func TestRelayWaitsForAServer(t *testing.T) {
	bothRelays(t, func(t *testing.T, command func(string) *exec.Cmd) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		assert.NilError(t, err)
		address := l.Addr().String()
		assert.NilError(t, l.Close())
		_, port, err := net.SplitHostPort(address)
		assert.NilError(t, err)
		cmd := command(port)
		cmd.Stdin = &slowReader{t.Context(), "\n"}
		out, err := cmd.StdoutPipe()
		assert.NilError(t, err)
		assert.NilError(t, cmd.Start())
		time.Sleep(200 * time.Millisecond)
		l, err = net.Listen("tcp", address)
		assert.NilError(t, err)
		defer l.Close()
		go func() {
			if c, err := l.Accept(); err == nil {
				_, _ = c.Write([]byte("late"))
				c.Close()
			}
		}()
		assert.Equal(t, readAll(t, out), "connected\nlate")
	})
}

// slowReader is a text that does not end before the test does.
type slowReader struct {
	ctx  context.Context
	text string
}

func (r *slowReader) Read(p []byte) (int, error) {
	if r.text == "" {
		<-r.ctx.Done()
		return 0, io.EOF
	}
	n := copy(p, r.text)
	r.text = r.text[n:]
	return n, nil
}

// TestRelaySaysThatNobodyListens: after a while, since a server may be about to come up.
func TestRelaySaysThatNobodyListens(t *testing.T) {
	bothRelays(t, func(t *testing.T, command func(string) *exec.Cmd) {
		cmd := command("1")
		cmd.Stdin = &slowReader{t.Context(), "\n"}
		errOut, err := cmd.StderrPipe()
		assert.NilError(t, err)
		assert.NilError(t, cmd.Start())
		assert.Equal(t, readAll(t, errOut), "waiting\nnothing listens on port 1\n")
	})
}

// TestRelayGivesUpWhenNobodyWaits: no process stays in a container for a client that has gone.
func TestRelayGivesUpWhenNobodyWaits(t *testing.T) {
	bothRelays(t, func(t *testing.T, command func(string) *exec.Cmd) {
		for _, said := range []string{"", "\n"} {
			cmd := command("1")
			cmd.Stdin = strings.NewReader(said)
			errOut, err := cmd.StderrPipe()
			assert.NilError(t, err)
			assert.NilError(t, cmd.Start())
			assert.Equal(t, readAll(t, errOut), "waiting\n", "%q", said)
			var exit *exec.ExitError
			assert.Assert(t, errors.As(cmd.Wait(), &exit) && exit.ExitCode() == 1)
		}
	})
}

// TestRelayP1: whatever an image's bash prints before the relay's word, the connection is what the server sent.
func TestRelayP1BashWarnsFirst(t *testing.T) {
	noisy := func(port string) *exec.Cmd {
		cmd := script(relay)(port)
		cmd.Env = append(os.Environ(), "LC_ALL=xx_XX.UTF-8", "BASH_ENV="+noise(t))
		return cmd
	}
	_, stdout, stderr := startRelay(t, noisy, func(c net.Conn) {
		_, _ = c.Write([]byte("data"))
		c.Close()
	})
	got := &relayStream{words: []relayWord{{connected, nil}}}
	_, _ = io.WriteString(got, readAll(t, stdout))
	assert.Equal(t, got.rest.String(), "data")
	status := &relayStream{words: []relayWord{{waiting, nil}, {connected, nil}}}
	_, _ = io.WriteString(status, readAll(t, stderr))
	assert.Equal(t, len(status.words), 0)
	assert.Equal(t, status.rest.String(), "")
}

func noise(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "env")
	assert.NilError(t, os.WriteFile(path, []byte("printf hello; printf oops >&2\n"), 0o644))
	return path
}

// TestRelayProgramEndsBySignal: as process 1 of a container, too, where a signal without a handler does nothing.
func TestRelayProgramEndsBySignal(t *testing.T) {
	cmd := program(t)("sleep")
	assert.NilError(t, cmd.Start())
	time.Sleep(50 * time.Millisecond)
	assert.NilError(t, cmd.Process.Signal(syscall.SIGTERM))
	assert.NilError(t, cmd.Wait())
}

// TestRelayProgramIsBuiltFromItsSource: where the compilers are the ones that made it.
func TestRelayProgramIsBuiltFromItsSource(t *testing.T) {
	dir := t.TempDir()
	if out, err := exec.Command("../hack/static", "relay/relay.c", dir).CombinedOutput(); err != nil {
		t.Skipf("it cannot be compiled here: %v\n%s", err, out)
	}
	read := func(path string) string {
		b, err := os.ReadFile(path)
		assert.NilError(t, err)
		return string(b)
	}
	if by := read(dir + "/compilers"); by != read("relay/compilers") {
		t.Skipf("other compilers: %s", by)
	}
	for _, name := range []string{"relay-amd64", "relay-arm64"} {
		assert.Check(t, read(filepath.Join(dir, name)) == read("relay/"+name), "%s: `make relay`", name)
	}
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
			stdin, stdout, _ := startRelay(t, script(relay+"\necho left: $(jobs -p)"), func(c net.Conn) { servers <- c })
			server := <-servers
			defer server.Close()
			assert.NilError(t, end(stdin, server))
			assert.Equal(t, readAll(t, stdout), "connected\nleft:\n")
		})
	}
}
