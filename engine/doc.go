// Package engine is the only package that speaks the Docker Engine API.
//
// It wraps the client of docker/docker in the few verbs that docker bmo needs, with types of its own, so that the
// client's module can be replaced in one place. It passes labels through and never interprets them.
//
// This package is not API: it can change at any time. Programs use bmo.
package engine
