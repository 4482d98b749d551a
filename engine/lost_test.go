package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"gotest.tools/v3/assert"
)

const sshEnded = "command [ssh -o ConnectTimeout=30 -T -- far docker system dial-stdio] has exited with signal: terminated, make sure the URL is valid, and Docker 18.09 or later is installed on the remote host: stderr=" //nolint:lll // one text of docker's

func TestLost(t *testing.T) {
	ours := errors.New("no such instance: x")
	for _, c := range []struct {
		name string
		err  error
		want string // empty if the connection is not lost
	}{
		{name: "nothing"},
		{name: "a mistake", err: ours},
		{name: "an interrupt", err: context.Canceled},
		{name: "never reached", err: &UnavailableError{Host: "ssh://far", Err: errors.New("ssh: signal: terminated")}},
		{name: "the end of a file", err: io.ErrUnexpectedEOF},
		{name: "a stream of ssh", err: fmt.Errorf("commit: %w", errors.New(sshEnded)), want: "commit: ssh: signal: terminated"},
		{
			name: "a request", err: errors.New(`start: error during connect: Post "http://docker.example.com/v1.51/containers/x/start": ` + sshEnded + "Connection to far closed."),
			want: "start: Connection to far closed.",
		},
		{
			name: "BuildKit", err: errors.New("list: failed: Unavailable: connection error: desc = \"transport: Error while dialing: " + sshEnded + "\""),
			want: "list: failed: ssh: signal: terminated",
		},
		{
			name: "BuildKit over TLS", err: errors.New("failed to receive status: rpc error: code = Unavailable desc = error reading from server: EOF"),
			want: "failed to receive status: error reading from server: EOF",
		},
		{
			name: "what ssh says with it", err: errors.Join(errors.New(sshEnded+"Connection closed by remote host\r\nConnection closed by UNKNOWN port 65535\r\n"), ours),
			want: "Connection closed by remote host\nno such instance: x",
		},
		{name: "several", err: errors.Join(errors.New(sshEnded), ours), want: "ssh: signal: terminated\nno such instance: x"},
		{name: "said already", err: fmt.Errorf("follow: %w", &LostError{io.EOF})},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := Lost(c.err)
			if c.want == "" {
				assert.Equal(t, got, c.err)
				return
			}
			assert.Error(t, got, "the connection to the docker engine was lost: "+c.want)
			assert.ErrorIs(t, got, c.err)
		})
	}
}

// TestIsNoImage: an image that is gone was removed by somebody, and nothing is wrong with the stack.
func TestIsNoImage(t *testing.T) {
	for said, want := range map[string]bool{
		"seal x: failed to solve: docker.io/docker-bmo/x-web:1-built-2: not found":                                 true,
		"seal x: failed to solve: docker.io/docker-bmo/x-web:1-built-2: not found\nno such instance: x":            true,
		"create container x: No such image: docker-bmo/x-web:1-built-2":                                            true,
		"create container x: rpc error: code = NotFound desc = content digest sha256:7f07: not found":              true,
		"create container x: failed to stat parent: parent snapshot sha256:7f07 does not exist: not found":         true,
		"seal x: failed to solve: no space left on device":                                                         false,
		"seal x: failed to solve: failed to read docker.io/docker-bmo/x-web:1: not found by the registry's mirror": false,
	} {
		assert.Equal(t, IsNoImage(errors.New(said)), want, said)
	}
	assert.Assert(t, strings.Contains((&RemovedError{errors.New("No such image: x")}).Hint(), "image prune --all"))
}
