package engine

import (
	"errors"
	"regexp"
)

// RemovedError reports that something which was in use was removed on the engine by somebody else.
type RemovedError struct{ Err error }

func (e *RemovedError) Error() string {
	return "somebody else has removed on the engine what this command works with: " + e.Err.Error()
}

// Unwrap returns the error of the request that has met it.
func (e *RemovedError) Unwrap() error { return e.Err }

// Hint says who it may have been.
func (e *RemovedError) Hint() string {
	if IsNoImage(e.Err) {
		return "`docker image prune --all` and `system prune --all` take images that nothing runs from at the moment: " +
			"run the command again, and let them leave ours alone by --filter label!=docker-bmo.role"
	}
	return "`docker container prune`, `network prune`, `volume prune --all` and `system prune` take what does not run at the moment: " +
		"run the command again, and let them leave ours alone by --filter label!=docker-bmo.role"
}

var (
	// noSuchImage is what engines say of an image that is not there or, with the containerd store, goes while it is used; the last
	// of it is BuildKit's.
	noSuchImage = regexp.MustCompile(`No such image: |image with reference .* not found|unable to find image|` +
		`content digest \S+ not found|parent snapshot \S+ does not exist|docker\.io/\S+: not found(?m:$)`)
	noNetwork = regexp.MustCompile(`network \S+ not found`)
	// goes is what engines say of a container that is going at that moment (moby's start.go, commit.go, logs.go and, in 28, container.go).
	goes = regexp.MustCompile(`marked for removal|which is being removed|which is Dead|RWLayer of container \S+ is unexpectedly nil`)
)

// IsGone reports whether the engine said that it has no such object, or not for much longer.
func IsGone(err error) bool { return err != nil && (IsNotFound(err) || goes.MatchString(err.Error())) }

// IsNoImage reports whether something could not be made of an image because that is gone.
func IsNoImage(err error) bool { return err != nil && noSuchImage.MatchString(err.Error()) }

// Removed returns a RemovedError if a container, network or volume that had been made was not there any more, or was just
// being removed; any other error is returned unchanged.
func Removed(err error) error {
	var already *RemovedError
	switch {
	case err == nil, errors.As(err, &already), IsNoImage(err):
		return err
	case IsGone(err), noNetwork.MatchString(err.Error()):
		return &RemovedError{err}
	default:
		return err
	}
}
