package engine_test

import (
	"net/http"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/engine/enginetest"
)

func TestErrorKinds(t *testing.T) {
	for _, c := range []struct {
		status                    int
		message                   string
		notFound, conflict, inUse bool
		port, exhausted, going    bool
	}{
		{status: http.StatusNotFound, message: "No such container: x", notFound: true},
		{status: http.StatusConflict, message: "container x is not running", conflict: true},
		{status: http.StatusConflict, message: `Conflict. The container name "/x" is already in use by container "y"`, conflict: true, inUse: true},
		{status: http.StatusConflict, message: "remove x: volume is in use - [y]", conflict: true, inUse: true},
		{status: 500, message: "driver failed programming external connectivity on endpoint x: Bind for 127.0.0.1:1 failed: port is already allocated", port: true},
		{status: 500, message: "failed to bind host port for 127.0.0.1:1:172.18.0.2:80/tcp: address already in use", port: true},
		{status: 500, message: "write /var/lib/docker/x: no space left on device", exhausted: true},
		{status: 500, message: "Ports are not available: exposing port TCP 127.0.0.1:1 -> 0.0.0.0:0: listen tcp 127.0.0.1:1: bind: An attempt was made " +
			"to access a socket in a way forbidden by its access permissions.", port: true},
		{status: 500, message: "RWLayer of container /docker-bmo-shop-web is unexpectedly nil", going: true},
		{status: 500, message: "something else"},
	} {
		f := enginetest.New(t)
		f.Fail("GET", "/containers/json", c.status, c.message, 1)
		_, err := f.Engine(t).Containers(t.Context())
		assert.ErrorContains(t, err, c.message)
		assert.Equal(t, engine.IsNotFound(err), c.notFound, c.message)
		assert.Equal(t, engine.IsConflict(err), c.conflict, c.message)
		assert.Equal(t, engine.IsInUse(err), c.inUse, c.message)
		assert.Equal(t, engine.IsPortTaken(err), c.port, c.message)
		assert.Equal(t, engine.IsNoSpace(err), c.exhausted, c.message)
		assert.Equal(t, engine.IsFailure(err), c.status == 500 && !c.going, c.message)
		assert.Equal(t, engine.IsGone(err), c.notFound || c.going, c.message)
	}
	for _, is := range []func(error) bool{engine.IsNotFound, engine.IsConflict, engine.IsPortTaken, engine.IsNoSpace, engine.IsFailure, engine.IsGone} {
		assert.Assert(t, !is(nil))
	}
}
