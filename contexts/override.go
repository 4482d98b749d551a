package contexts

import (
	"context"
	"fmt"
	"strings"

	"github.com/distribution/reference"

	"github.com/docker-bmo/docker-bmo/internal/hint"
)

// reserved reports whether a name is one that we or BuildKit use for what a service is built from.
func reserved(name string) bool {
	return name == "context" || name == "dockerfile" ||
		strings.HasPrefix(name, "service/") || strings.HasPrefix(name, "dockerfile/") || strings.HasPrefix(name, "mount/")
}

// contextName returns a name in the form in which BuildKit looks it up, that of an image: docker.io/library/x:latest is
// x.
func contextName(name string) (string, error) {
	ref, err := reference.ParseNormalizedNamed(name)
	if err != nil || reserved(name) {
		return "", hint.Wrap(fmt.Errorf("%q cannot be the name of a build context", name),
			"use a lower-case name, like that of an image, other than context or dockerfile")
	}
	return strings.TrimSuffix(reference.FamiliarString(ref), ":latest"), nil
}

func parseOverrides(given map[string]string) (map[string]contextRef, error) {
	out := map[string]contextRef{}
	for name, value := range given {
		proper, err := contextName(name)
		if err != nil {
			return nil, err
		}
		if _, ok := out[proper]; ok {
			return nil, fmt.Errorf("build context %s is given twice", proper)
		}
		if out[proper], err = parseRef(value); err != nil {
			return nil, fmt.Errorf("build context %s: %w", name, err)
		}
	}
	return out, nil
}

// override is a context that the user gives, taken whole.
func (l *loader) override(ctx context.Context, name string, trail []string) (selection, error) {
	ref := l.overrides[name]
	if ref.remote != "" {
		user := trail[len(trail)-1]
		return selection{}, hint.Wrap(
			&contextError{user, fmt.Errorf("it is made from %s, which cannot be an image (%s)", name, ref.remote)},
			fmt.Sprintf("give a build context for %s as well", user))
	}
	d, _, err := l.userDir(ctx, ref)
	if err != nil {
		return selection{}, err
	}
	return l.folder(d, true)
}
