package engine

import (
	"errors"
	"fmt"
	"net"
	"testing"

	"gotest.tools/v3/assert"
)

func TestPlain(t *testing.T) {
	assert.NilError(t, Plain(nil))
	for said, want := range map[string]string{
		"no such thing": "no such thing",
		"Error response from daemon: rpc error: code = NotFound desc = content digest sha256:7f07: not found": "content digest sha256:7f07: not found",
		"Error response from daemon: Minimum memory limit allowed is 6MB":                                     "Minimum memory limit allowed is 6MB",
		"Error response from daemon: failed to create task for container: failed to create shim task: OCI runtime create failed: " +
			`runc create failed: unable to start container process: error during container init: exec: "nope": executable file not found in $PATH`: `exec: "nope": executable file not found in $PATH`,
		`OCI runtime exec failed: exec failed: unable to start container process: exec: "x": permission denied`: `exec: "x": permission denied`,
	} {
		err := errors.New(said)
		assert.Equal(t, Plain(err).Error(), want)
		assert.Assert(t, errors.Is(Plain(err), err))
	}
}

func TestStartHint(t *testing.T) {
	const command = "command and entrypoint have to name a program of the image, and one that may be executed"
	for said, want := range map[string]string{
		`exec: "nope": executable file not found in $PATH`:              command,
		`exec: "/nope": stat /nope: no such file or directory`:          command,
		`exec: "/etc/passwd": permission denied`:                        command,
		"unable to find user nope: no matching entries in passwd file":  "user has to name an account of the image, or be a number",
		"driver failed programming external connectivity on endpoint x": "",
	} {
		assert.Equal(t, startHint(errors.New(said)), want, said)
	}
}

func TestRelayError(t *testing.T) {
	for _, c := range []struct{ said, want string }{
		{`OCI runtime exec failed: exec failed: unable to start container process: exec: "bash": executable file not found in $PATH`, "its image has no bash"},
		{`OCI runtime exec failed: exec failed: unable to start container process: exec: "/docker-bmo-relay": stat /docker-bmo-relay: no such file or directory: unknown`, "its image has no /docker-bmo-relay"}, //nolint:lll // one text of docker's
		{"exec /docker-bmo-relay: exec format error", "/docker-bmo-relay: exec format error"},
		{"bash: warning: setlocale: LC_ALL: cannot change locale (en_US.UTF-8)\nnothing listens on port 1", "nothing listens on port 1"},
		{"OCI runtime exec failed: it broke", "it broke"},
	} {
		assert.Error(t, relayError(c.said), c.want)
	}
	var none *noProgramError
	assert.Assert(t, !errors.As(relayError("nothing listens on port 1"), &none))
}

func TestUnknownHostIsToldWithoutTheNameServer(t *testing.T) {
	err := fmt.Errorf("dial: %w", &net.DNSError{Err: "no such host", Name: "nowhere", Server: "10.0.0.1:53"})
	assert.Error(t, unreachable("tcp://nowhere:2375", err), "cannot reach a docker engine at tcp://nowhere:2375: nowhere: no such host")
}
