package main

import (
	"regexp"
	"strings"

	"github.com/docker/cli/cli"
	"github.com/spf13/cobra"

	"github.com/docker-bmo/docker-bmo/internal/clidoc"
)

// unknownFlag matches what the flag library says about a flag that a command does not have.
var unknownFlag = regexp.MustCompile(`^unknown (?:flag: --([a-z-]+)|shorthand flag: '(.)')`)

// flagError returns docker's error for a flag. For one that docker's own commands have, a hint says what to use
// instead.
func flagError(cmd *cobra.Command, err error) error {
	theirs := cli.FlagErrorFunc(cmd, err)
	st, ok := theirs.(cli.StatusError) //nolint:errorlint // made just here, and not wrapped
	m := unknownFlag.FindStringSubmatch(err.Error())
	if !ok || m == nil {
		return theirs
	}
	if instead, ok := clidoc.Instead(strings.TrimPrefix(cmd.CommandPath(), "docker bmo "), m[1]+m[2]); ok {
		st.Status += "\nhint: " + instead
	}
	return st
}
