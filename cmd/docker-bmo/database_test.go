package main

import (
	"context"
	"testing"

	"github.com/spf13/pflag"
	"gotest.tools/v3/assert"
)

func TestDatabaseFlag(t *testing.T) {
	t.Setenv("DB", "")
	for _, c := range []struct {
		name string
		args []string
		want string // the build context of the service db
		err  string
	}{
		{name: "default", want: "../mysql"},
		{name: "mysql", args: []string{"--db", "mysql"}, want: "../mysql"},
		{name: "mariadb", args: []string{"--db", "mariadb"}, want: "../mariadb"},
		{name: "before --set", args: []string{"--db=mariadb", "--set", "DEMO_FAIL=500"}, want: "../mariadb"},
		{name: "after --set", args: []string{"--set", "DEMO_FAIL=500", "--db=mariadb"}, want: "../mariadb"},
		{name: "of BMO", args: []string{"--stack", "bmo"}, want: "../mysql"},
		{name: "other of BMO", args: []string{"--stack", "bmo", "--db", "mariadb"}, want: "../mariadb"},
		{name: "by --set", args: []string{"--set", "DB=mariadb"}, want: "../mariadb"},
		{name: "wins over --set", args: []string{"--db=mariadb", "--set", "DB=mysql"}, want: "../mariadb"},
		{name: "unknown", args: []string{"--db", "oracle"},
			err: `invalid argument "oracle" for "--db" flag: must be mysql or mariadb`},
		{name: "not offered", args: []string{"--stack", "../../examples/notes", "--db", "mariadb"},
			err: "variable DB is set, but the stack does not use it\nhint: its variables are MYSQL_IMAGE"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := databaseContext(t, append([]string{"--stack", "demo"}, c.args...))
			if c.err != "" {
				assert.ErrorContains(t, err, c.err)
				return
			}
			assert.NilError(t, err)
			assert.Equal(t, got, c.want)
		})
	}
}

// databaseContext is the build context of the service db in the stack that the arguments name.
func databaseContext(t *testing.T, args []string) (string, error) {
	t.Helper()
	var o stackOptions
	flags := pflag.NewFlagSet("build", pflag.ContinueOnError)
	o.addFlags(flags)
	if err := flags.Parse(args); err != nil {
		return "", err
	}
	st, err := o.load(context.Background())
	if err != nil {
		return "", err
	}
	db, found := st.Service("db")
	assert.Assert(t, found)
	return db.Build.Context, nil
}
