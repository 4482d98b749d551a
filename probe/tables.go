package probe

import (
	"context"
	"database/sql"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strings"
)

// Table is what a table has in it.
type Table struct {
	// Content is the server's own checksum of all rows, Definition a digest of columns and indexes.
	Content, Definition string
}

// Data is what an account sees of a server's data.
type Data struct {
	// Dir is the folder that the server has its files in.
	Dir string
	// Tables are by SCHEMA.TABLE, without those of the server itself.
	Tables map[string]Table
}

// systemSchemas are those of the server itself, as a list for SQL.
const systemSchemas = `('information_schema', 'mysql', 'performance_schema', 'sys')`

// Queries for the tables that the account sees, and for what defines them.
const (
	listTables = `SELECT TABLE_SCHEMA, TABLE_NAME, '' FROM information_schema.TABLES
		WHERE TABLE_TYPE = 'BASE TABLE' AND TABLE_SCHEMA NOT IN ` + systemSchemas
	listColumns = `SELECT TABLE_SCHEMA, TABLE_NAME,
		CONCAT_WS(' ', ORDINAL_POSITION, COLUMN_NAME, COLUMN_TYPE, IS_NULLABLE, COLUMN_DEFAULT, EXTRA, COLLATION_NAME)
		FROM information_schema.COLUMNS WHERE TABLE_SCHEMA NOT IN ` + systemSchemas + ` ORDER BY TABLE_SCHEMA, TABLE_NAME, ORDINAL_POSITION`
	listIndexes = `SELECT TABLE_SCHEMA, TABLE_NAME, CONCAT_WS(' ', INDEX_NAME, SEQ_IN_INDEX, COLUMN_NAME, NON_UNIQUE, SUB_PART)
		FROM information_schema.STATISTICS WHERE TABLE_SCHEMA NOT IN ` + systemSchemas + ` ORDER BY TABLE_SCHEMA, TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX`
)

// atOnce is how many tables are asked for in one statement.
const atOnce = 100

// Data returns a digest of each table. The server reads all rows for that, and nothing is sent but the digests.
func (m MySQL) Data(ctx context.Context, dial Dialer) (*Data, error) {
	d := &Data{Tables: map[string]Table{}}
	return d, m.session(ctx, dial, func(c *sql.Conn) error {
		if err := c.QueryRowContext(ctx, "SELECT @@datadir").Scan(&d.Dir); err != nil {
			return err
		}
		quoted := map[string]string{} // the name for SQL, by that of the table
		err := each(ctx, c, listTables, func(schema, table, _ string) {
			quoted[schema+"."+table] = quote(schema) + "." + quote(table)
		})
		if err != nil {
			return err
		}
		for _, query := range []string{listColumns, listIndexes} {
			err := each(ctx, c, query, func(schema, table, text string) {
				if t, name := d.Tables[schema+"."+table], schema+"."+table; quoted[name] != "" {
					h := fnv.New128a()
					fmt.Fprintf(h, "%s\n%s", t.Definition, text)
					t.Definition = fmt.Sprintf("%x", h.Sum(nil))
					d.Tables[name] = t
				}
			})
			if err != nil {
				return err
			}
		}
		for names := range slices.Chunk(slices.Sorted(maps.Keys(quoted)), atOnce) {
			if err := d.addChecksums(ctx, c, names, quoted); err != nil {
				return err
			}
		}
		return nil
	})
}

func (d *Data) addChecksums(ctx context.Context, c *sql.Conn, names []string, quoted map[string]string) error {
	list := make([]string, len(names))
	for i, name := range names {
		list[i] = quoted[name]
	}
	rows, err := c.QueryContext(ctx, "CHECKSUM TABLE "+strings.Join(list, ", "))
	if err != nil {
		return err
	}
	defer rows.Close()
	for i := 0; rows.Next(); i++ { // in the order that they were asked for
		var name string
		var sum sql.NullString // none of a table that has been dropped since
		if err := rows.Scan(&name, &sum); err != nil {
			return err
		}
		t := d.Tables[names[i]]
		t.Content = sum.String
		d.Tables[names[i]] = t
	}
	return rows.Err()
}

// Rows returns how many rows tables have, by SCHEMA.TABLE; those that are not there are left out.
func (m MySQL) Rows(ctx context.Context, dial Dialer, names []string) (map[string]int64, error) {
	count := map[string]int64{}
	return count, m.session(ctx, dial, func(c *sql.Conn) error {
		for _, name := range names {
			schema, table, _ := strings.Cut(name, ".")
			var n int64
			if err := c.QueryRowContext(ctx, "SELECT COUNT(*) FROM "+quote(schema)+"."+quote(table)).Scan(&n); err != nil {
				return err
			}
			count[name] = n
		}
		return nil
	})
}

// session opens one connection for fn, encrypted if the server can do that, as Check does.
func (m MySQL) session(ctx context.Context, dial Dialer, fn func(*sql.Conn) error) error {
	err := m.sessionOver(ctx, dial, true, fn)
	if noCommonTLS(err) {
		return m.sessionOver(ctx, dial, false, fn)
	}
	return err
}

func (m MySQL) sessionOver(ctx context.Context, dial Dialer, secure bool, fn func(*sql.Conn) error) error {
	settings := anyTLS()
	if !secure {
		settings = nil
	}
	db, err := m.open(dial, settings)
	if err != nil {
		return err
	}
	defer db.Close()
	c, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	return fn(c)
}

// each calls fn with each row of three texts.
func each(ctx context.Context, c *sql.Conn, query string, fn func(schema, table, text string)) error {
	rows, err := c.QueryContext(ctx, query)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var schema, table, text string
		if err := rows.Scan(&schema, &table, &text); err != nil {
			return err
		}
		fn(schema, table, text)
	}
	return rows.Err()
}

func quote(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }
