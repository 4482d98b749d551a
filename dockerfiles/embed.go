// Package dockerfiles holds the built-in stacks as data. It has no code: a built-in stack is loaded like any other
// Compose file. It is not part of the API: programs use package bmo.
package dockerfiles

import "embed"

// FS holds all folders next to this file: one for each built-in stack, with its compose.yaml, and those that stacks
// share. Embedding does not keep executable bits: a Dockerfile sets those that it needs.
//
//go:embed all:*/*
var FS embed.FS
