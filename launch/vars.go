package launch

import (
	"strconv"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/stack"
)

// Vars returns the variables of a stack's templates for an application at a port of the loopback interface.
func Vars(u stack.URL, port int, instance string, secrets *stack.Secrets) stack.Vars {
	return stack.Vars{
		URL: "http://" + Address(port) + u.Path, Host: engine.Loopback, Port: strconv.Itoa(port), Instance: instance, Secrets: secrets,
	}
}
