package instance

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/stack"
)

// Publish is a port of a service that is reached on the loopback interface, at the user's request.
type Publish struct {
	Service string
	// Port is the container's port.
	Port int
	// Public is the port on the loopback interface; if 0, Start chooses one.
	Public int
}

// ParsePublish parses a value of --publish: docker's [127.0.0.1:][HOST:]PORT[/tcp] for the application's service, and
// the same after SERVICE: for another one.
func ParsePublish(st *stack.Stack, words []string) ([]Publish, error) {
	var out []Publish
	for _, w := range words {
		p, err := parsePublish(st, w)
		if err != nil {
			return nil, fmt.Errorf("invalid --publish %q: %w", w, err)
		}
		if slices.ContainsFunc(out, func(o Publish) bool { return o.Service == p.Service && o.Port == p.Port }) {
			return nil, fmt.Errorf("invalid --publish %q: port %d of %s is published already", w, p.Port, p.Service)
		}
		if slices.ContainsFunc(out, func(o Publish) bool { return p.Public != 0 && o.Public == p.Public }) {
			return nil, fmt.Errorf("invalid --publish %q: port %d is given to another one already", w, p.Public)
		}
		out = append(out, p)
	}
	return out, nil
}

func parsePublish(st *stack.Stack, word string) (p Publish, err error) {
	if strings.HasPrefix(word, "[") {
		return p, notLoopback(word[:strings.LastIndexByte(word, ']')+1])
	}
	bare, proto, given := strings.Cut(word, "/")
	if given && proto != "tcp" {
		return p, fmt.Errorf("protocol %s is not supported: only tcp is", proto)
	}
	parts := strings.Split(bare, ":")
	p.Service = st.URL.Service
	if rest, ok := cutService(st, parts); ok {
		p.Service, parts = parts[0], rest
	}
	if len(parts) > 1 && !number(parts[0]) {
		if err := checkAddress(st, parts[0]); err != nil {
			return p, err
		}
		parts = parts[1:]
		if len(parts) == 2 && parts[0] == "" {
			parts = parts[1:] // docker's syntax for an address without a fixed port
		}
	}
	if p.Service == "" {
		return p, fmt.Errorf("stack %s has no address of its own: put a service in front", st.Name)
	}
	if svc, ok := st.Service(p.Service); ok && svc.OneShot {
		return p, fmt.Errorf("service %s runs to its end in the bootstrap: instances have none", p.Service)
	}
	switch len(parts) {
	case 1:
		p.Port, err = port(parts[0], 1)
	case 2:
		if p.Public, err = port(parts[0], 0); err == nil {
			p.Port, err = port(parts[1], 1)
		}
	default:
		err = fmt.Errorf("want [SERVICE:][HOST:]PORT")
	}
	return p, err
}

// cutService cuts a service's name off the front. A name of digits is taken for a port where there can be one.
func cutService(st *stack.Stack, parts []string) ([]string, bool) {
	if len(parts) < 2 || number(parts[0]) {
		return nil, false
	}
	_, ok := st.Service(parts[0])
	return parts[1:], ok
}

// checkAddress returns an error for every address but the loopback one: an instance has known passwords.
func checkAddress(st *stack.Stack, address string) error {
	switch {
	case address == engine.Loopback:
		return nil
	case strings.Contains(address, ".") || address == "localhost" || address == "":
		return notLoopback(address)
	}
	names := make([]string, len(st.Services))
	for i, s := range st.Services {
		names[i] = s.Name
	}
	return hint.Wrap(fmt.Errorf("stack %s has no service %q", st.Name, address), "its services are "+strings.Join(names, ", "))
}

func notLoopback(address string) error {
	return hint.Wrap(fmt.Errorf("address %q: ports are only published on %s", address, engine.Loopback),
		"leave the address out; to reach an instance from another machine use an ssh tunnel or a proxy of your own")
}

func number(s string) bool {
	_, err := strconv.Atoi(s)
	return err == nil
}

func port(s string, low int) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || n < low || n > 65535 {
		return 0, fmt.Errorf("%q is no port", s)
	}
	return n, nil
}
