package launch

import (
	"errors"

	"github.com/docker-bmo/docker-bmo/engine"
)

// Cause returns what the engine has said of an error of a start or a bootstrap, without what programs have printed. It is nil
// if a step has failed by itself.
func Cause(err error) error {
	var step *StepError
	var service *ServiceError
	switch {
	case errors.As(err, &step):
		return nil
	case errors.As(err, &service):
		return service.Err
	default:
		return err
	}
}

// Removed is engine.Removed for such an error.
func Removed(err error) error {
	var removed *engine.RemovedError
	if !errors.As(err, &removed) && errors.As(engine.Removed(Cause(err)), &removed) {
		return &engine.RemovedError{Err: err}
	}
	return err
}
