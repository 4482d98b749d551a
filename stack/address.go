package stack

import (
	"fmt"
	"slices"
	"strings"

	"github.com/docker-bmo/docker-bmo/internal/hint"
)

// findAddress fills in the application's address when x-bmo.url does not say it: the published port of the service that
// no other service with published ports depends on. A stack that publishes nothing has no address.
func (l *loading) findAddress() {
	if l.address {
		return
	}
	publish := l.publishing()
	candidates := slices.DeleteFunc(slices.Clone(publish), func(s Service) bool { return l.dependedOn(s.Name, publish) })
	switch len(candidates) {
	case 0:
	case 1:
		s := candidates[0]
		l.stack.URL.Service, l.stack.URL.Port = s.Name, webPort(s.Ports)
		if len(s.Ports) > 1 {
			l.note(extension+".url", "services."+s.Name+".ports",
				fmt.Sprintf("port %d of %s is the application's address", l.stack.URL.Port, s.Name))
		}
	default:
		for _, s := range candidates {
			for _, port := range s.Ports {
				l.stack.Candidates = append(l.stack.Candidates, URL{Service: s.Name, Port: port})
			}
		}
	}
}

// CheckURL returns an error for a stack of which it is not clear which service and port are its address: the file does
// not say it, and there are Candidates.
func (s *Stack) CheckURL() error {
	if len(s.Candidates) == 0 {
		return nil
	}
	var list []string
	for _, u := range s.Candidates {
		list = append(list, fmt.Sprintf("{service: %s, port: %d}", u.Service, u.Port))
	}
	return hint.Wrap(fmt.Errorf("stack %s: it is not clear which service is the application's address", s.Name),
		"say it in a file compose.bmo.yaml next to the Compose file, as `x-bmo: {url: ...}`, with one of "+strings.Join(list, ", "))
}

// probeAddress makes the service of the address ready only when its port answers, unless it says which response means
// that it is.
func (l *loading) probeAddress() {
	for i := range l.stack.Services {
		s := &l.stack.Services[i]
		if u := l.stack.URL; s.Name == u.Service && u.Port != 0 && s.Ready.HTTP == nil && !slices.Contains(s.Ready.Ports, u.Port) {
			s.Ready.Ports = append(s.Ready.Ports, u.Port)
		}
	}
}

// publishing returns the services with published ports at which an HTTP server can be expected; when there is none,
// those with other ones.
func (l *loading) publishing() []Service {
	var web, all []Service
	for _, s := range l.stack.Services {
		if s.OneShot || len(s.Ports) == 0 {
			continue
		}
		all = append(all, s)
		if len(webPorts(s.Ports)) > 0 {
			web = append(web, s)
		}
	}
	if len(web) > 0 {
		return web
	}
	return all
}

// dependedOn reports whether one of the services depends on another one.
func (l *loading) dependedOn(name string, services []Service) bool {
	return slices.ContainsFunc(services, func(s Service) bool {
		return s.Name != name && l.reaches(s, name, map[string]bool{})
	})
}

// reaches reports whether a service depends on another one, at whatever distance.
func (l *loading) reaches(s Service, name string, seen map[string]bool) bool {
	for _, dep := range s.DependsOn {
		if dep == name {
			return true
		}
		next, ok := l.stack.Service(dep)
		if ok && !seen[dep] {
			seen[dep] = true
			if l.reaches(next, name, seen) {
				return true
			}
		}
	}
	return false
}

// otherPorts are those of well-known servers that speak another protocol than HTTP: databases, caches, brokers, mail.
var otherPorts = []int{
	21, 22, 25, 53, 110, 143, 162, 389, 465, 514, 587, 636, 993, 995, 1025, 1433, 1521, 1883, 2181, 3306, 4222, 5044, 5432, 5433, 5672,
	6379, 6432, 8883, 9042, 9092, 9300, 11211, 26257, 27017, 33060,
}

// webPorts are the ports of a list at which an HTTP server can be expected.
func webPorts(ports []int) []int {
	return slices.DeleteFunc(slices.Clone(ports), func(p int) bool { return slices.Contains(otherPorts, p) })
}

// webPort returns the port of a service that is most likely the one that people visit: 80, 8080 and the like, else the
// first one.
func webPort(ports []int) int {
	if web := webPorts(ports); len(web) > 0 {
		ports = web
	}
	for _, known := range []int{80, 8080, 8000, 3000, 5000} {
		if slices.Contains(ports, known) {
			return known
		}
	}
	return ports[0]
}
