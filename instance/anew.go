package instance

import (
	"errors"
	"time"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/probe"
)

// takenTries is how often an instance is started anew, after takenPause, whose name is free while something else of its name is
// not: another start of that name was ended by `docker bmo stop`, say, or was killed, and removes at that moment what it has made
// last.
const (
	takenTries = 10
	takenPause = 200 * time.Millisecond
)

// again reports whether an instance may come up when it is started anew: its port was taken when it had been told of it, or
// somebody has removed what does not run, which is all of it in the beginning.
func again(err error) bool {
	var moved *movedError
	var removed *engine.RemovedError
	var late *probe.NotReadyError
	return errors.As(err, &moved) || errors.As(err, &removed) && !errors.As(err, &late)
}
