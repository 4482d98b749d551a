package probe

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"log"
	"net"
	"strconv"

	"github.com/go-sql-driver/mysql"
)

// MySQL is ready when User can log in to Database and Query succeeds.
type MySQL struct {
	Port                            int
	User, Password, Database, Query string
}

func (m MySQL) String() string {
	return fmt.Sprintf("mysql query on port %d as %s", m.Port, m.User)
}

// Check logs in and runs the query.
func (m MySQL) Check(ctx context.Context, dial Dialer) error {
	cfg := mysql.NewConfig()
	cfg.User, cfg.Passwd, cfg.DBName = m.User, m.Password, m.Database
	cfg.Net, cfg.Addr = "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(m.Port))
	cfg.DialFunc = func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) }
	// caching_sha2_password needs the server's key over an unencrypted connection; the driver requests it by itself.
	cfg.AllowNativePasswords = true
	cfg.Logger = log.New(io.Discard, "", 0) // refused connections are expected while waiting
	c, err := mysql.NewConnector(cfg)
	if err != nil {
		return err
	}
	db := sql.OpenDB(c)
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
