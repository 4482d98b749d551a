package probe

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http/httptest"
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/probe/probetest"
)

var (
	bugs   = MySQL{Port: 3306, User: "bugs", Password: "secret", Database: "bugs", Query: "SELECT 1"}
	ready  = probetest.MySQL{User: "bugs", Password: "secret", Database: "bugs"}
	closed = probetest.HangUp
)

func TestMySQL(t *testing.T) {
	assert.NilError(t, bugs.Check(t.Context(), server(t, ready.Serve)))
	none := bugs
	none.Password = ""
	open := ready
	open.Password = ""
	assert.NilError(t, none.Check(t.Context(), server(t, open.Serve)))
	assert.Equal(t, bugs.String(), "mysql query on port 3306 as bugs")
}

// TestStory09MySQLIsReadyWhenItAnswersAQuery: a server that merely accepts, or greets, or lets in, is not ready.
func TestStory09MySQLIsReadyWhenItAnswersAQuery(t *testing.T) {
	denied, elsewhere, empty, full := ready, ready, ready, ready
	denied.Password = "other"
	elsewhere.Database = "other"
	empty.Queries = map[string]bool{}
	full.Refuse = "Too many connections"
	for _, c := range []struct {
		name  string
		serve func(net.Conn)
		want  string
	}{
		{"accepts and hangs up", closed, ""},
		{"no MySQL", func(c net.Conn) { _, _ = io.WriteString(c, "HTTP/1.1 400 Bad Request\r\n\r\n") }, ""},
		{"greets with an error", full.Serve, "Error 1040 (08004): Too many connections"},
		{"user not there yet", denied.Serve, "Error 1045 (28000): Access denied for user 'bugs'"},
		{"database not there yet", elsewhere.Serve, "Error 1049 (42000): Unknown database 'bugs'"},
		{"query fails", empty.Serve, `Error 1146 (42S02): cannot answer "SELECT 1"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := bugs.Check(t.Context(), server(t, c.serve))
			assert.Assert(t, err != nil)
			if c.want != "" {
				assert.Error(t, err, c.want)
			}
			// A success after such failures is one. database/sql may ask twice in one attempt.
			assert.NilError(t, Wait(t.Context(), bugs, server(t, c.serve, c.serve, c.serve, c.serve, ready.Serve), long, nil))
		})
	}
	assert.ErrorContains(t, bugs.Check(t.Context(), refused(t)), "connection refused")
}

func TestSilentMySQL(t *testing.T) {
	err := Wait(t.Context(), bugs, server(t, probetest.Silent), time.Millisecond, nil)
	var late *NotReadyError
	assert.Assert(t, errors.As(err, &late), "%v", err)
}

// certificate is that of a server, which nobody has signed.
func certificate(t *testing.T) *tls.Config {
	t.Helper()
	srv := httptest.NewUnstartedServer(nil)
	srv.StartTLS()
	defer srv.Close()
	return &tls.Config{Certificates: srv.TLS.Certificates}
}

// TestMySQLP11SecureTransport: TLS is taken where it is offered, and no certificate is verified.
func TestMySQLP11SecureTransport(t *testing.T) {
	secure := ready
	secure.TLS, secure.Secure = certificate(t), true
	assert.NilError(t, bugs.Check(t.Context(), server(t, secure.Serve)))
	secure.Sha2 = true
	assert.NilError(t, bugs.Check(t.Context(), server(t, secure.Serve)))
	secure.Password = "other"
	assert.Error(t, bugs.Check(t.Context(), server(t, secure.Serve)), "Error 1045 (28000): Access denied for user 'bugs'")
}

// TestMySQLOldTLS: a server whose TLS is too old for Go's own settings, or for any, is asked all the same.
func TestMySQLOldTLS(t *testing.T) {
	old := ready
	old.TLS = certificate(t)
	old.TLS.MinVersion, old.TLS.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
	old.TLS.CipherSuites = []uint16{tls.TLS_RSA_WITH_AES_128_CBC_SHA}
	assert.NilError(t, bugs.Check(t.Context(), server(t, old.Serve)))
	old.Secure = true
	assert.NilError(t, bugs.Check(t.Context(), server(t, old.Serve)))

	none := ready
	none.TLS = &tls.Config{} // no certificate: no handshake succeeds
	assert.NilError(t, bugs.Check(t.Context(), server(t, none.Serve)))
}
