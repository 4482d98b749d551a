package bmo

import (
	"github.com/docker-bmo/docker-bmo/bootstrap"
	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/instance"
	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/launch"
	"github.com/docker-bmo/docker-bmo/probe"
)

// Kinds of errors, for errors.As.
type (
	// NotReadyError says that a service did not become ready in time, and why not.
	NotReadyError = probe.NotReadyError
	// StepError says that a step of the bootstrap or of a start failed, or a service that runs to its end.
	StepError = bootstrap.StepError
	// OutputError is a StepError or a ServiceError of which a record has more than the last lines.
	OutputError = launch.KeptError
	// ServiceError says that a service ended or did not become ready, with its last lines.
	ServiceError = launch.ServiceError
	// FailedError says which of several instances failed to start, and why.
	FailedError = instance.FailedError
	// NoRoomError says that the engine had no room for an instance for a long time, and what was lacking.
	NoRoomError = instance.NoRoomError
)

// SpaceHint says what to do about an engine's disk that is full.
const SpaceHint = engine.SpaceHint

// EngineHint says what to do about an engine that could not do what it was asked for.
const EngineHint = engine.FailureHint

// Hints returns what to do about err: the hints of err and of all errors that it wraps, outermost first, each once.
func Hints(err error) []string { return hint.All(err) }

// IsEngineFailure reports whether the engine itself is at fault: it is not there, not there any more, too old, or could
// not do what it was asked for.
func IsEngineFailure(err error) bool { return engine.IsFailure(err) }

// IsNoSpace reports whether the engine's disk is full.
func IsNoSpace(err error) bool { return engine.IsNoSpace(err) }

// ConnectionLost returns err, or in its place an error that says so when the connection to the engine broke.
func ConnectionLost(err error) error { return engine.Lost(err) }

// PlainError returns err without what the Engine API's client wraps around the engine's own words.
func PlainError(err error) error { return engine.Plain(err) }
