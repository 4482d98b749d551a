package launch

import (
	"strconv"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/stack"
)

// Vars are what a stack's templates know of an application that is reached at a port of the loopback interface.
func Vars(port int, instance string) stack.Vars {
	return stack.Vars{
		URL: "http://" + Address(port), Host: engine.Loopback, Port: strconv.Itoa(port), Instance: instance,
	}
}
