package launch

import (
	"strconv"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/stack"
)

// Vars returns the variables of a stack's templates for an application at a port of the loopback interface.
func Vars(port int, instance string) stack.Vars {
	return stack.Vars{
		URL: "http://" + Address(port), Host: engine.Loopback, Port: strconv.Itoa(port), Instance: instance,
	}
}
