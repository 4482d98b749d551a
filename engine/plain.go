package engine

import (
	"errors"
	"regexp"
	"strings"

	"github.com/docker-bmo/docker-bmo/internal/grpctext"
)

// layers matches what the client, the engine and its runtime each put before the actual error message.
var layers = regexp.MustCompile(`Error response from daemon: |failed to create (?:task for container|shim task): |` +
	`OCI runtime (?:create|exec) failed: |(?:runc create|exec) failed: |unable to start container process: |error during container init: `)

// plain is an error of the engine without the prefixes of the layers that it came through.
type plain struct{ error }

func (p plain) Error() string { return withoutLayers(p.error.Error()) }

func withoutLayers(text string) string { return grpctext.Plain(layers.ReplaceAllString(text, "")) }

func (p plain) Unwrap() error { return p.error }

// Plain returns an error of the engine without those prefixes. If err is nil, Plain returns nil.
func Plain(err error) error {
	if err == nil || withoutLayers(err.Error()) == err.Error() {
		return err
	}
	return plain{err}
}

// noCommand matches how runtimes say that an image lacks the program to run in it.
var noCommand = regexp.MustCompile(`exec: "[^"]*": (?:executable file not found|stat .*: no such file or directory|permission denied)|exec: "[^"]*": is a directory`)

// startHint says what to do when a container cannot be started.
func startHint(err error) string {
	switch {
	case noCommand.MatchString(err.Error()):
		return "command and entrypoint have to name a program of the image, and one that may be executed"
	case strings.Contains(err.Error(), "unable to find user"):
		return "user has to name an account of the image, or be a number"
	default:
		return ""
	}
}

// noProgramError reports that a container lacks a program, or cannot run it.
type noProgramError struct{ Program, Why string }

func (e *noProgramError) Error() string {
	if e.Why == "" {
		return "its image has no " + e.Program
	}
	return e.Program + ": " + e.Why
}

// Hint says what to do about it.
func (e *noProgramError) Hint() string {
	return "what is run in a container has to be a program of its image"
}

// Final reports that waiting is of no use.
func (e *noProgramError) Final() bool { return true }

// CannotRun returns an error that says why not if what a command in a container has printed is the engine's message
// that it cannot be run, and nil otherwise.
func CannotRun(output string) error {
	var none *noProgramError
	if err := relayError(output); strings.Contains(output, "exec failed: ") && errors.As(err, &none) {
		return none
	}
	return nil
}

// nobodyListensError reports that a relay has found nobody who listens on a port.
type nobodyListensError struct{ text string }

func (e *nobodyListensError) Error() string { return e.text }

var (
	noProgram     = regexp.MustCompile(`exec: "([^"]+)": (?:executable file not found|(?:stat [^:]*: )?no such file or directory|permission denied|is a directory)`)
	wrongProgram  = regexp.MustCompile(`exec (\S+): (exec format error|no such file or directory|permission denied)`)
	nobodyListens = regexp.MustCompile(`(?m)^nothing listens on port [0-9]+$`)
)

// cannotRun reports whether an engine's error says that a container cannot run a program.
func cannotRun(err error) bool {
	return err != nil && (noProgram.MatchString(err.Error()) || wrongProgram.MatchString(err.Error()))
}

// relayError returns the error for what the engine or the relay said before it ended.
func relayError(text string) error {
	if line := nobodyListens.FindString(text); line != "" {
		return &nobodyListensError{line}
	}
	if m := noProgram.FindStringSubmatch(text); m != nil {
		return &noProgramError{Program: m[1]}
	}
	if m := wrongProgram.FindStringSubmatch(text); m != nil {
		return &noProgramError{m[1], m[2]}
	}
	return Plain(errors.New(text))
}
