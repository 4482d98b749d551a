package main

import (
	"context"
	"slices"
	"testing"

	"github.com/spf13/pflag"
	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/internal/hint"
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
		{name: "with its image", args: []string{"--db=mariadb", "--set", "MARIADB_IMAGE=mariadb:10.6"}, want: "../mariadb"},
		{
			name: "with the other's image", args: []string{"--db=mariadb", "--set", "MYSQL_IMAGE=mysql:8.4"},
			err: "variable MYSQL_IMAGE is set, but the stack does not use it\nhint: its variables are DB, ",
		},
		{
			name: "with the other's image by default", args: []string{"--stack", "bmo", "--set", "MARIADB_IMAGE=mariadb:10.6"},
			err: "variable MARIADB_IMAGE is set, but the stack does not use it\nhint: ",
		},
		{
			name: "of an unknown name", args: []string{"--set", "DB=oracle"},
			err: `variable DB is "oracle": the built-in stacks run on mysql or mariadb`,
		},
		{
			name: "unknown", args: []string{"--db", "oracle"},
			err: `invalid argument "oracle" for "--db" flag: must be mysql or mariadb`,
		},
		{
			name: "not offered", args: []string{"--stack", "../../examples/notes", "--db", "mariadb"},
			err: "variable DB is set, but the stack does not use it\nhint: its variables are MYSQL_IMAGE",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			args := c.args
			if !slices.Contains(args, "--stack") {
				args = append([]string{"--stack", "demo"}, args...)
			}
			got, err := databaseContext(t, args)
			if c.err != "" {
				assert.ErrorContains(t, err, c.err)
				return
			}
			assert.NilError(t, err)
			assert.Equal(t, got, c.want)
		})
	}
}

// TestDatabaseOfTheEnvironment: DB in the environment may mean something else.
func TestDatabaseOfTheEnvironment(t *testing.T) {
	t.Setenv("DB", "mariadb")
	got, err := databaseContext(t, []string{"--stack", "demo"})
	assert.NilError(t, err)
	assert.Equal(t, got, "../mariadb")
	t.Setenv("DB", "postgres://x")
	_, err = databaseContext(t, []string{"--stack", "demo"})
	assert.Error(t, err, `variable DB is "postgres://x": the built-in stacks run on mysql or mariadb`)
	assert.DeepEqual(t, hint.All(err), []string{"it comes from the environment; --db wins over it"})
	got, err = databaseContext(t, []string{"--stack", "demo", "--db", "mysql"})
	assert.NilError(t, err)
	assert.Equal(t, got, "../mysql")
}

// databaseContext returns the build context of the service db in the stack that the arguments select.
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
