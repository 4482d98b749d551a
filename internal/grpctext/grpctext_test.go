package grpctext

import (
	"testing"

	"gotest.tools/v3/assert"
)

func TestPlain(t *testing.T) {
	const twice = `rpc error: code = Unavailable desc = rpc error: code = Unavailable desc = connection error: desc = "transport: Error while dialing: `
	for text, want := range map[string]string{
		"no such thing": "no such thing",
		"rpc error: code = NotFound desc = content digest sha256:7f07: not found":             "content digest sha256:7f07: not found",
		"image of web: rpc error: code = Unavailable desc = error reading from server: EOF":   "image of web: error reading from server: EOF",
		twice + `only one connection allowed"`:                                                "BuildKit's session has ended",
		twice + `dial unix \"/run/x\": connect: connection refused"; more`:                    `dial unix "/run/x": connect: connection refused; more`,
		`image of web: Unavailable: connection error: desc = "transport: authentication: no"`: "image of web: authentication: no",
		`connection error: desc = "cut off`:                                                   `connection error: desc = "cut off`,
	} {
		assert.Equal(t, Plain(text), want)
	}
}
