package engine

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/docker/docker/client"
	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/internal/hint"
)

type failingTransport struct{ error }

func (f failingTransport) RoundTrip(*http.Request) (*http.Response, error) { return nil, f.error }

// The error for an engine that cannot be reached, by the transport's message; the client's own wrapping is the real
// one.
func TestUnreachable(t *testing.T) {
	helper := func(end, stderr string) error {
		return fmt.Errorf("command %v has exited with %s, make sure the URL is valid, and Docker 18.09 or later is installed on the remote host: stderr=%s",
			[]string{"ssh", "-o ConnectTimeout=30", "-T", "--", "far", "docker", "system", "dial-stdio"}, end, stderr)
	}
	for _, c := range []struct {
		name, host string
		err        error
		want, hint string
	}{
		{
			name: "ssh says why", host: "ssh://me@far:2222", err: helper("exit status 255", "ssh: connect to host far port 2222: Connection refused\r\n"),
			want: "ssh: connect to host far port 2222: Connection refused",
			hint: "`ssh -p 2222 me@far docker version` must work without prompting; or choose another engine with `docker context use` or DOCKER_HOST",
		},
		{
			name: "ssh is killed", host: "ssh://far/run/d.sock", err: helper("signal: terminated", ""),
			want: "ssh: signal: terminated",
			hint: "`ssh far docker --host=unix:///run/d.sock version` must work without prompting; or choose another engine with `docker context use` or DOCKER_HOST",
		},
		{
			name: "a name that is none", host: "tcp://nosuch:2376", err: errors.New("dial tcp: lookup nosuch: no such host"),
			want: "dial tcp: lookup nosuch: no such host",
			hint: "start the engine, or choose another one with `docker context use` or DOCKER_HOST",
		},
		{
			name: "a certificate of somebody else", host: "tcp://far:2376", err: errors.New("tls: failed to verify certificate: x509: certificate signed by unknown authority"),
			want: "tls: failed to verify certificate: x509: certificate signed by unknown authority",
			hint: "start the engine, or choose another one with `docker context use` or DOCKER_HOST",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			api, err := client.NewClientWithOpts(client.WithHost("http://docker.example.com"),
				client.WithHTTPClient(&http.Client{Transport: failingTransport{c.err}}))
			assert.NilError(t, err)
			_, err = New(api).At(c.host).Connect(context.Background())
			assert.Error(t, err, "cannot reach a docker engine at "+c.host+": "+c.want)
			assert.DeepEqual(t, hint.All(err), []string{c.hint})
		})
	}
}
