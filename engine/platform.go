package engine

import (
	"fmt"
	"strings"

	"github.com/containerd/platforms"

	"github.com/docker-bmo/docker-bmo/internal/hint"
)

// CheckPlatform returns an error for every platform but the engine's own, for what has to run there and not only be
// built.
func (i Info) CheckPlatform(list []string) error {
	own, err := platforms.Parse(i.Platform())
	if err != nil {
		return fmt.Errorf("platform of the engine: %w", err)
	}
	for _, word := range list {
		for one := range strings.SplitSeq(word, ",") {
			p, err := platforms.Parse(strings.TrimSpace(one))
			if err != nil {
				return hint.Wrap(fmt.Errorf("invalid --platform %q", one), "a platform is OS/ARCH, such as "+i.Platform())
			}
			if !platforms.OnlyStrict(own).Match(p) {
				return hint.Wrap(fmt.Errorf("platform %s is not the engine's own, %s: the bootstrap has to run there", platforms.Format(p), i.Platform()),
					"choose an engine of that platform with `docker context use` or DOCKER_HOST")
			}
		}
	}
	return nil
}
