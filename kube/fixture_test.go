package kube

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/instance"
	"github.com/docker-bmo/docker-bmo/kube/kubetest"
	"github.com/docker-bmo/docker-bmo/probe/probetest"
)

// programs are what the services of the stack shop run.
func programs() map[string]kubetest.Program {
	return map[string]kubetest.Program{
		"db": func(p *kubetest.Process) int {
			p.Print("ready for connections")
			p.Listen(3306, probetest.MySQL{User: "shop", Password: "$(secret)", Database: "shop"}.Serve)
			return p.UntilKilled()
		},
		"web": func(p *kubetest.Process) int {
			p.Print("serving at "+p.Env("SHOP_URL"), "second line")
			p.Listen(8000, serveHTTP(http.StatusOK, "fine"))
			p.Exec(shell)
			return p.UntilKilled()
		},
		"start-step-1": func(p *kubetest.Process) int {
			p.Print("migrated")
			return 0
		},
	}
}

// shell is what commands in a container do: exit CODE, or copy their input.
func shell(words []string, stdin io.Reader, stdout, stderr io.Writer) int {
	if words[0] == "exit" {
		_, _ = fmt.Fprintln(stderr, "ending")
		return len(words[1])
	}
	_, _ = io.Copy(stdout, stdin)
	_, _ = fmt.Fprintln(stdout, strings.Join(words, "|"))
	return 0
}

// serveHTTP answers one request of each connection.
func serveHTTP(code int, body string) func(net.Conn) {
	return func(c net.Conn) {
		buf := make([]byte, 4096)
		if n, err := c.Read(buf); err != nil || n == 0 {
			return
		}
		_, _ = fmt.Fprintf(c, "HTTP/1.1 %d X\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s", code, len(body), body)
	}
}

// fast makes what waits for a while do so shortly.
func fast(t *testing.T) {
	t.Helper()
	for _, v := range []struct {
		d    *time.Duration
		fast time.Duration
	}{
		{&placeTime, 50 * time.Millisecond},
		{&pullTime, 50 * time.Millisecond},
		{&podPause, 10 * time.Millisecond},
		{&removePause, time.Millisecond},
		{&watchPause, time.Millisecond},
		{&balancerPause, time.Millisecond},
		{&serviceTime, 20 * time.Millisecond},
		{&leadTime, 20 * time.Millisecond},
		{&clusterLeadTime, 20 * time.Millisecond},
	} {
		before := *v.d
		*v.d = v.fast
		t.Cleanup(func() { *v.d = before })
	}
}

func newCluster(t *testing.T, programs map[string]kubetest.Program) (*Cluster, *kubetest.Cluster) {
	t.Helper()
	fast(t)
	fake := kubetest.New(t, programs)
	c, err := Open(Config{Files: []string{fake.Kubeconfig()}})
	assert.NilError(t, err)
	return c, fake
}

// start starts an instance of the stack shop, which is removed at the end.
func startShop(t *testing.T, c *Cluster, r Request) *instance.Instance {
	t.Helper()
	i, err := c.Start(t.Context(), r)
	assert.NilError(t, err)
	t.Cleanup(func() { assert.Check(t, c.Remove(context.WithoutCancel(t.Context()), i.Name, 0)) })
	return i
}
