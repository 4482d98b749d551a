package engine

import (
	"errors"
	"regexp"
)

// RemovedError reports that something which was in use was removed on the engine by somebody else.
type RemovedError struct{ Err error }

func (e *RemovedError) Error() string {
	return "somebody else has removed on the engine what this command had made there: " + e.Err.Error()
}

// Unwrap returns the error of the request that has met it.
func (e *RemovedError) Unwrap() error { return e.Err }

// Hint says who it may have been.
func (e *RemovedError) Hint() string {
	return "`docker container prune`, `network prune` and `system prune` take what does not run at the moment: " +
		"run the command again, and let them leave ours alone by --filter label!=docker-bmo.role"
}

var (
	noSuchImage = regexp.MustCompile(`No such image: |image with reference .* not found|unable to find image`)
	noNetwork   = regexp.MustCompile(`network \S+ not found`)
)

// IsNoImage reports whether a container could not be created because its image is gone.
func IsNoImage(err error) bool { return err != nil && noSuchImage.MatchString(err.Error()) }

// Removed returns a RemovedError if a container, network or volume that had been made was not there any more; any other
// error is returned unchanged.
func Removed(err error) error {
	var already *RemovedError
	if err == nil || errors.As(err, &already) || IsNoImage(err) || !IsNotFound(err) && !noNetwork.MatchString(err.Error()) {
		return err
	}
	return &RemovedError{err}
}
