package probe

import (
	"context"
	"crypto/tls"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"strconv"
	"strings"

	"github.com/go-sql-driver/mysql"
)

// MySQL is ready when User can log in to Database and Query succeeds. The connection is encrypted if the server can do
// that, and its certificate is not verified.
type MySQL struct {
	Port                            int
	User, Password, Database, Query string
}

func (m MySQL) String() string {
	return fmt.Sprintf("mysql query on port %d as %s", m.Port, m.User)
}

// Check logs in and runs the query.
func (m MySQL) Check(ctx context.Context, dial Dialer) error {
	err := m.check(ctx, dial, anyTLS())
	if noCommonTLS(err) {
		return m.check(ctx, dial, nil)
	}
	return err
}

// anyTLS are settings with which old servers agree, too: MySQL 5.7 may know no newer TLS than 1.1, and no key exchange
// that Go offers by itself.
func anyTLS() *tls.Config {
	c := &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS10}
	for _, s := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		c.CipherSuites = append(c.CipherSuites, s.ID)
	}
	return c
}

// noCommonTLS reports whether a server offers TLS, but none that we can agree on.
func noCommonTLS(err error) bool {
	var alert tls.AlertError
	var header tls.RecordHeaderError
	return err != nil && (errors.As(err, &alert) || errors.As(err, &header) ||
		strings.HasPrefix(err.Error(), "tls: ") || strings.HasPrefix(err.Error(), "remote error: tls: "))
}

func (m MySQL) check(ctx context.Context, dial Dialer, secure *tls.Config) error {
	db, err := m.open(dial, secure)
	if err != nil {
		return err
	}
	defer db.Close()
	rows, err := db.QueryContext(ctx, m.Query)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
	}
	return rows.Err()
}

// open returns the server as the user sees it. Nothing is asked yet.
func (m MySQL) open(dial Dialer, secure *tls.Config) (*sql.DB, error) {
	cfg := mysql.NewConfig()
	cfg.User, cfg.Passwd, cfg.DBName = m.User, m.Password, m.Database
	cfg.Net, cfg.Addr = "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(m.Port))
	cfg.DialFunc = func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) }
	cfg.TLS, cfg.AllowFallbackToPlaintext = secure, true
	// caching_sha2_password needs the server's key over an unencrypted connection; the driver requests it by itself.
	cfg.AllowNativePasswords = true
	cfg.Logger = log.New(io.Discard, "", 0) // refused connections are expected while waiting
	c, err := mysql.NewConnector(cfg)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(c), nil
}
