package engine_test

import (
	"io"
	"net/http"
	"strconv"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/engine/enginetest"
)

// TestR11RefusedUpgrade: what an engine answers a request with that is to take over its connection means the same as elsewhere.
func TestR11RefusedUpgrade(t *testing.T) {
	for status, is := range map[int]func(error) bool{
		http.StatusInternalServerError: engine.IsFailure,
		http.StatusServiceUnavailable:  engine.IsFailure,
		http.StatusNotFound:            engine.IsNotFound,
		http.StatusConflict:            engine.IsConflict,
	} {
		t.Run(strconv.Itoa(status), func(t *testing.T) {
			f := enginetest.New(t)
			f.AddImage(enginetest.Image{Tags: []string{"app"}})
			e := f.Engine(t)
			id, err := e.CreateContainer(t.Context(), engine.ContainerSpec{Name: "x", Image: "app"})
			assert.NilError(t, err)
			f.Fail("POST", "/containers/[^/]+/attach", status, "something went wrong", 1)
			_, err = e.Start(t.Context(), id, io.Discard, nil)
			assert.Assert(t, is(err), "%v", err)
		})
	}
}
