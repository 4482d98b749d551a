package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/docker-bmo/docker-bmo/bmo"
)

// database is the value of --db. It is a shorthand: a Compose file offers the choice by its variable DB, so that other
// people's stacks can do so in the same way.
type database string

// words returns the values of --set that the flag stands for. They come after the user's own, so that the flag wins.
func (d database) words() []string {
	if d == "" {
		return nil
	}
	return []string{"DB=" + string(d)}
}

// Set is called with the flag's value.
func (d *database) Set(value string) error {
	if !slices.Contains(bmo.Databases(), value) {
		return fmt.Errorf("must be %s", strings.Join(bmo.Databases(), " or "))
	}
	*d = database(value)
	return nil
}

func (d *database) String() string { return string(*d) }

// Type returns what the flag's value is called in a help text.
func (d *database) Type() string { return "string" }
