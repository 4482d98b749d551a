// Package grpctext makes gRPC's texts readable.
package grpctext

import (
	"regexp"
	"strconv"
	"strings"
)

// status is what gRPC puts before what has happened, and dialing how it quotes what a connection has failed with.
var (
	status  = regexp.MustCompile(`rpc error: code = \w+ desc = `)
	dialing = regexp.MustCompile(`(?:Unavailable: )?connection error: desc = ("(?:[^"\\]|\\.)*")`)
)

// redialed is what BuildKit's client says when the connection of a session ends, since there is no other one.
const redialed = "only one connection allowed"

// Plain returns a text without what gRPC adds to what has happened.
func Plain(text string) string {
	text = status.ReplaceAllString(text, "")
	text = dialing.ReplaceAllStringFunc(text, func(s string) string {
		cause, err := strconv.Unquote(dialing.FindStringSubmatch(s)[1])
		if err != nil {
			return s
		}
		return strings.TrimPrefix(strings.TrimPrefix(cause, "transport: "), "Error while dialing: ")
	})
	return strings.ReplaceAll(text, redialed, "BuildKit's session has ended")
}
