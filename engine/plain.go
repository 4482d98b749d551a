package engine

import (
	"errors"
	"regexp"
	"strings"
)

// layers are what the client, the engine and its runtime say of one another in front of what went wrong.
var layers = regexp.MustCompile(`Error response from daemon: |failed to create (?:task for container|shim task): |` +
	`OCI runtime (?:create|exec) failed: |(?:runc create|exec) failed: |unable to start container process: |error during container init: `)

// plain is an error of the engine's without the layers that it came through.
type plain struct{ error }

func (p plain) Error() string { return layers.ReplaceAllString(p.error.Error(), "") }

func (p plain) Unwrap() error { return p.error }

// Plain returns an error of the engine's that says only what went wrong. A nil err stays nil.
func Plain(err error) error {
	if err == nil || !layers.MatchString(err.Error()) {
		return err
	}
	return plain{err}
}

// noCommand is how runtimes say that an image lacks what is to be run in it.
var noCommand = regexp.MustCompile(`exec: "[^"]*": (?:executable file not found|stat .*: no such file or directory|permission denied)|exec: "[^"]*": is a directory`)

// startHint is what to do when a container cannot be started.
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

// NoRelayError says that a service cannot be asked, now or later: its image has nothing to lead a connection through.
type NoRelayError struct{ Program string }

func (e *NoRelayError) Error() string {
	return "it cannot be asked: its image has no " + e.Program
}

// Hint says what to do about it.
func (e *NoRelayError) Hint() string {
	return "install bash and cat in the image: connections to its ports are led through them"
}

// Final tells who waits that it is no use.
func (e *NoRelayError) Final() bool { return true }

var noRelay = regexp.MustCompile(`exec: "(bash|cat)": executable file not found`)

// relayError is what the engine or the relay said for an end.
func relayError(text string) error {
	if m := noRelay.FindStringSubmatch(text); m != nil {
		return &NoRelayError{m[1]}
	}
	return Plain(errors.New(text))
}
