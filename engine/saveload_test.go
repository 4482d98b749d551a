package engine_test

import (
	"strings"
	"testing"

	"github.com/docker/docker/pkg/jsonmessage"
	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/engine/enginetest"
)

// TestLoadedAndNotUnpacked: to the containerd store an image that it could not unpack is loaded, and only a line says so.
func TestLoadedAndNotUnpacked(t *testing.T) {
	assert.NilError(t, engine.Unpacked(jsonmessage.JSONMessage{Stream: "Loaded image: shop:1\n"}))
	err := engine.Unpacked(jsonmessage.JSONMessage{Stream: "Error unpacking image shop:1: write /x: no space left on device\n"})
	assert.Error(t, err, "unpack shop:1: write /x: no space left on device")
}

// TestSaveAndLoadErrors: what an engine refuses is said with what it was asked for.
func TestSaveAndLoadErrors(t *testing.T) {
	f := enginetest.New(t)
	e := f.Engine(t)
	_, err := e.SaveImages(t.Context(), "nothing:1")
	assert.Error(t, err, "save images: No such image: nothing:1")
	assert.ErrorContains(t, e.LoadImages(t.Context(), strings.NewReader(strings.Repeat("no tar ", 1000))), "load images: ")
	_, err = e.ImageLayers(t.Context(), "nothing:1")
	assert.Assert(t, engine.IsNotFound(err), "%v", err)
}
