package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/docker-bmo/docker-bmo/internal/hint"
)

// databases are the servers that the built-in stacks can have.
var databases = []string{"mysql", "mariadb"}

// database is the value of --db. It is a shorthand: a Compose file gives the choice by its variable DB, so that a
// stack of somebody else's can do so in the same way.
type database string

// words are those of --set that the flag stands for. They come after the user's own, so that the flag wins.
func (d database) words() []string {
	if d == "" {
		return nil
	}
	return []string{"DB=" + string(d)}
}

// checkDatabase refuses a variable DB that names no server, for the built-in stacks: the environment may have one that
// means something else.
func checkDatabase(set map[string]string) error {
	value, given := set["DB"]
	if !given {
		value = os.Getenv("DB")
	}
	if value == "" || slices.Contains(databases, value) {
		return nil
	}
	err := fmt.Errorf("variable DB is %q: the built-in stacks run on %s", value, strings.Join(databases, " or "))
	if !given {
		return hint.Wrap(err, "it comes from the environment; --db wins over it")
	}
	return err
}

// Set is called with the flag's value.
func (d *database) Set(value string) error {
	if !slices.Contains(databases, value) {
		return fmt.Errorf("must be %s", strings.Join(databases, " or "))
	}
	*d = database(value)
	return nil
}

func (d *database) String() string { return string(*d) }

// Type is what the flag's value is called in a help text.
func (d *database) Type() string { return "string" }
