package gotest

import (
	"os"
	"strings"

	"github.com/docker-bmo/docker-bmo/bmo"
	"github.com/docker-bmo/docker-bmo/bmotest"
)

// baseImages puts other images in the place of public ones, for machines that reach no registry: BASE_IMAGES has
// NAME=docker-image://IMAGE words, like --build-context. Your own tests need nothing like it.
func baseImages() bmotest.Option {
	contexts := map[string]string{}
	for _, word := range strings.Fields(os.Getenv("BASE_IMAGES")) {
		if name, image, ok := strings.Cut(word, "="); ok {
			contexts[name] = image
		}
	}
	return bmotest.WithRunOptions(bmo.RunOptions{BuildOptions: bmo.BuildOptions{BuildContexts: contexts}})
}
