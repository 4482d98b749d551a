// Package engine is the only room that speaks the Docker Engine API.
//
// It wraps the client of docker/docker in the few verbs that the product needs, in types of its own, so that the
// client's module can be replaced in one place. Labels are passed through it, never interpreted by it.
//
// This package is not public API: it can change at any time. Programs use package bmo.
package engine
