// Package dockerfiles holds the built-in stacks as data. It has no code: a
// built-in stack is loaded like any other Compose file.
package dockerfiles

import "embed"

// FS holds one folder for each built-in stack, with its compose.yaml, and the
// folders that stacks share. Embedding keeps no executable bits: a Dockerfile
// sets those that it needs.
//
//go:embed all:demo all:mysql
var FS embed.FS
