package stack

import (
	"fmt"
	"maps"
	"slices"

	"github.com/docker-bmo/docker-bmo/internal/hint"
)

// With returns the service as it runs in a flavor. A service that does not declare the flavor is returned unchanged.
func (s Service) With(flavor string) Service {
	f := s.Flavors[flavor]
	if f.Command != nil {
		s.Command = f.Command
	}
	if f.MemLimit != 0 {
		s.MemLimit = f.MemLimit
	}
	if len(f.Environment) > 0 {
		env := maps.Clone(s.Environment)
		if env == nil {
			env = map[string]string{}
		}
		maps.Copy(env, f.Environment)
		s.Environment = env
	}
	return s
}

// Flavors returns the names of all flavors that the stack can run in, sorted: those that its services declare, and the
// default one.
func (s *Stack) Flavors() []string {
	names := map[string]bool{DefaultFlavor: true}
	for _, svc := range s.Services {
		for name := range svc.Flavors {
			names[name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// CheckFlavor returns an error for a flavor that no service declares.
func (s *Stack) CheckFlavor(name string) error {
	known := s.Flavors()
	if slices.Contains(known, name) {
		return nil
	}
	return hint.Wrap(fmt.Errorf("stack %s has no flavor %q", s.Name, name), suggest("its flavors are", name, known))
}
