package contexts

import (
	"context"
	"fmt"
	"strings"

	"github.com/distribution/reference"
)

// reserved tells whether a name is one of ours or of BuildKit's for what a
// service is built from.
func reserved(name string) bool {
	return name == "context" || name == "dockerfile" ||
		strings.HasPrefix(name, "service/") || strings.HasPrefix(name, "dockerfile/")
}

// contextName is a name as BuildKit looks it up, where a name is an image's:
// docker.io/library/x:latest is x.
func contextName(name string) (string, error) {
	ref, err := reference.ParseNormalizedNamed(name)
	if err != nil || reserved(name) {
		return "", fmt.Errorf("%q cannot be the name of a build context\n"+
			"hint: a name is lower case, like that of an image, and not context or dockerfile", name)
	}
	return strings.TrimSuffix(reference.FamiliarString(ref), ":latest"), nil
}

func parseOverrides(given map[string]string) (map[string]location, error) {
	out := map[string]location{}
	for name, value := range given {
		proper, err := contextName(name)
		if err != nil {
			return nil, err
		}
		if _, ok := out[proper]; ok {
			return nil, fmt.Errorf("build context %s is given twice", proper)
		}
		if out[proper], err = parseLocation(value); err != nil {
			return nil, fmt.Errorf("build context %s: %w", name, err)
		}
	}
	return out, nil
}

// override is a context that the user gives, taken whole.
func (c *composer) override(ctx context.Context, name string, trail []string) (selection, error) {
	loc := c.overrides[name]
	if loc.remote != "" {
		user := trail[len(trail)-1]
		return selection{}, &contextError{user, fmt.Errorf("it is made from %s, which cannot be an image (%s)\n"+
			"hint: give a build context for %s as well", name, loc.remote, user)}
	}
	p, _, err := c.locate(ctx, loc)
	if err != nil {
		return selection{}, err
	}
	return c.folder(p, true)
}
