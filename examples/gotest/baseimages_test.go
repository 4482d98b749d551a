package gotest

import (
	"os"
	"strings"

	"github.com/docker-bmo/docker-bmo/bmo"
	"github.com/docker-bmo/docker-bmo/bmotest"
)

// baseImages replaces public images by others, for machines that cannot reach a registry: BASE_IMAGES has
// NAME=docker-image://IMAGE words, as for --build-context. Your own tests do not need this.
func baseImages() bmotest.Option {
	contexts := map[string]string{}
	for _, word := range strings.Fields(os.Getenv("BASE_IMAGES")) {
		if name, image, ok := strings.Cut(word, "="); ok {
			contexts[name] = image
		}
	}
	return bmotest.WithRunOptions(bmo.RunOptions{BuildOptions: bmo.BuildOptions{BuildContexts: contexts}})
}
