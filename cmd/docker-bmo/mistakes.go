package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"text/template"

	"github.com/spf13/cobra"

	"github.com/docker-bmo/docker-bmo/bmo"
	"github.com/docker-bmo/docker-bmo/internal/hint"
)

// noStackArgument refuses arguments: what docker and compose would take for a folder or a service is a flag here.
func noStackArgument(_ *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return hint.Wrap(fmt.Errorf("unexpected argument %q", args[0]), "a stack is named by --stack: a built-in one, a Compose file or its folder")
}

// misplacedFlag adds to an error of the root command, since cobra does not say which command a flag belongs to.
func misplacedFlag(err error) error {
	if strings.HasPrefix(err.Error(), "unknown flag: ") || strings.HasPrefix(err.Error(), "unknown shorthand flag: ") {
		return coded{hint.Wrap(err, "put flags after the command, as in `docker bmo build --stack demo`"), exitEngine}
	}
	return err
}

// checkOutput reports before any work is done that a file which a flag asks for cannot be written.
func checkOutput(flag, file string) error {
	if file == "" {
		return nil
	}
	if info, err := os.Stat(file); err == nil && info.IsDir() {
		return fmt.Errorf("%s %s: it is a folder", flag, file)
	}
	dir := filepath.Dir(file)
	switch info, err := os.Stat(dir); {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s %s: there is no such folder", flag, file)
	case err == nil && !info.IsDir():
		return fmt.Errorf("%s %s: not in a folder", flag, file)
	}
	return nil
}

// checkTemplate returns an error for a field that there is none of. An empty value has no more to say: there is nothing to
// slice in it, which there may be in others.
func checkTemplate(t *template.Template, empty any) error {
	if err := t.Execute(io.Discard, empty); err != nil && strings.Contains(err.Error(), "can't evaluate field") {
		return templateError(err)
	}
	return nil
}

// templateError is an error of a --format without Go's name for the template.
func templateError(err error) error {
	text, _, _ := strings.Cut(err.Error(), " in type ")
	return hint.Wrap(errors.New("--format: "+text), "`--format json` shows all that there is")
}

// lastHint returns the hint for an error that has none of its own: for a full disk, here or on the engine, and for what the
// engine could not do; empty for other errors.
func lastHint(err error) string {
	switch {
	case errors.Is(err, syscall.ENOSPC):
		return "the disk of this machine is full: make room; XDG_CACHE_HOME and XDG_STATE_HOME put our files elsewhere"
	case bmo.IsNoSpace(err):
		return bmo.SpaceHint
	case bmo.IsEngineFailure(err):
		return bmo.EngineHint
	default:
		return ""
	}
}
