package engine

import (
	"errors"
	"regexp"
	"strings"
)

// layers matches what the client, the engine and its runtime each put before the actual error message.
var layers = regexp.MustCompile(`Error response from daemon: |failed to create (?:task for container|shim task): |` +
	`OCI runtime (?:create|exec) failed: |(?:runc create|exec) failed: |unable to start container process: |error during container init: `)

// plain is an error of the engine without the prefixes of the layers that it came through.
type plain struct{ error }

func (p plain) Error() string { return layers.ReplaceAllString(p.error.Error(), "") }

func (p plain) Unwrap() error { return p.error }

// Plain returns an error of the engine without those prefixes. If err is nil, Plain returns nil.
func Plain(err error) error {
	if err == nil || !layers.MatchString(err.Error()) {
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

// NoRelayError reports that a service can never be probed: its image lacks a program needed to relay a connection.
type NoRelayError struct{ Program string }

func (e *NoRelayError) Error() string {
	return "it cannot be asked: its image has no " + e.Program
}

// Hint says what to do about it.
func (e *NoRelayError) Hint() string {
	return "install bash and cat in the image: connections to its ports are led through them"
}

// Final reports that waiting is of no use.
func (e *NoRelayError) Final() bool { return true }

var noRelay = regexp.MustCompile(`exec: "(bash|cat)": executable file not found`)

// relayError returns the error for the message with which the engine or the relay ended.
func relayError(text string) error {
	if m := noRelay.FindStringSubmatch(text); m != nil {
		return &NoRelayError{m[1]}
	}
	return Plain(errors.New(text))
}
