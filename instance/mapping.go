package instance

import (
	"cmp"
	"fmt"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/internal/hint"
)

// Mapping is a published port of a service.
type Mapping struct {
	Port int
	// Address is the address at which the port is reached.
	Address string
}

// Mappings returns a service's published ports, sorted.
func (i Instance) Mappings(service string) []Mapping {
	ports := i.Ports[service]
	var out []Mapping
	for _, port := range slices.Sorted(maps.Keys(ports)) {
		out = append(out, Mapping{Port: port, Address: i.at(ports[port])})
	}
	return out
}

// Address returns the address at which a service's port, "3306" or "3306/tcp", is reached.
func (i Instance) Address(service, port string) (string, error) {
	if _, err := i.Container(service); err != nil {
		return "", err
	}
	number, proto, given := strings.Cut(port, "/")
	private, err := strconv.Atoi(number)
	if err != nil || private < 1 || private > 65535 {
		return "", fmt.Errorf("%q is no port", port)
	}
	public, ok := i.Ports[service][private]
	if !ok || given && proto != "tcp" {
		return "", hint.Wrap(fmt.Errorf("port %s of service %s is not published", port, service),
			fmt.Sprintf("an instance is given ports when it is started: `docker bmo run --publish %s:%d`", service, private))
	}
	return i.at(public), nil
}

// at returns a port that the instance is reached at, with its host.
func (i Instance) at(port int) string {
	return net.JoinHostPort(cmp.Or(i.Host, engine.Loopback), strconv.Itoa(port))
}
