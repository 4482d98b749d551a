package instance

import (
	"errors"
	"fmt"

	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/stack"
)

// checkLive returns an error if the project's own files cannot be mounted.
func (r Request) checkLive() error {
	if !r.Live {
		return nil
	}
	if !r.Engine.Local() {
		return hint.Wrap(errors.New("the project's files cannot be mounted: the engine is on another machine"),
			"leave --live out: an instance has a copy of the files; or choose an engine on this machine with `docker context use`")
	}
	for _, svc := range r.Stack.Services {
		for _, m := range svc.Mounts {
			if _, ok := r.Stack.Live(m); ok && !svc.OneShot {
				return nil
			}
		}
	}
	return hint.Wrap(fmt.Errorf("stack %s mounts no files of the project", r.Stack.Name),
		"--live is for bind mounts, such as `volumes: [./src:/app]`; what a Dockerfile copies is in the image")
}

// live returns the path on this machine that is mounted in place of the snapshot's copy.
func (s *start) live(m stack.Mount) (path string, ok bool) {
	if !s.Live {
		return "", false
	}
	return s.Stack.Live(m)
}
