package contexts

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/stack"
)

const defaultDockerfile = "Dockerfile"

// planServices plans what each service is built from.
func (l *loader) planServices(ctx context.Context) error {
	for _, svc := range l.stack.Services {
		plan := l.planBuild
		if svc.Build = l.stack.BuildOf(svc); svc.Build == nil {
			plan = l.planImage
		}
		if err := plan(ctx, svc); err != nil {
			return fmt.Errorf("service %s: %w", svc.Name, err)
		}
		if err := l.planMounts(svc); err != nil {
			return fmt.Errorf("service %s: %w", svc.Name, err)
		}
	}
	return nil
}

// planImage gives a service that has an image and no Dockerfile an equivalent Dockerfile, so that all services are
// built the same way.
func (l *loader) planImage(_ context.Context, svc stack.Service) error {
	l.planned["service/"+svc.Name] = selection{}
	return l.addDockerfile(svc.Name, defaultDockerfile, map[string][]byte{
		defaultDockerfile: []byte("FROM " + svc.Image + "\n"),
	})
}

func (l *loader) planBuild(ctx context.Context, svc stack.Service) error {
	b := svc.Build
	d, err := l.stackDir(ctx, cmp.Or(b.Context, "."))
	if err != nil {
		return fmt.Errorf("build context: %w", err)
	}
	from, err := l.openDir(d)
	if err != nil {
		return fmt.Errorf("build context: %w", err)
	}
	name, files, err := dockerfile(d, b)
	if err != nil {
		return err
	}
	if err := l.addDockerfile(svc.Name, name, files); err != nil {
		return err
	}
	read := func(ignore string) ([]byte, error) {
		if ignore == ignoreName {
			return from.at.readFile(ignore)
		}
		if data, ok := files[ignore]; ok {
			return data, nil
		}
		return nil, fs.ErrNotExist
	}
	s, err := wholeOf(from).ignoring(read, name+ignoreName, ignoreName)
	if err == nil {
		s, err = l.withoutOwnFiles(s, d, files[name])
	}
	if err != nil {
		return fmt.Errorf("build context: %w", err)
	}
	l.planned["service/"+svc.Name] = s
	return l.planExtras(ctx, svc)
}

func (l *loader) addDockerfile(service, name string, files map[string][]byte) error {
	t, err := generated(files)
	if err != nil {
		return err
	}
	l.result.Trees["dockerfile/"+service] = t
	l.result.Dockerfiles[service] = name
	return nil
}

// dockerfile reads a service's Dockerfile and the ignore file that belongs to it alone. It may be outside the build
// context, and may be listed in its .dockerignore: BuildKit gets it separately.
func dockerfile(d dir, b *stack.Build) (string, map[string][]byte, error) {
	if b.DockerfileInline != "" {
		return defaultDockerfile, map[string][]byte{defaultDockerfile: []byte(b.DockerfileInline)}, nil
	}
	file := filepath.ToSlash(cmp.Or(b.Dockerfile, defaultDockerfile))
	data, err := d.readFile(file)
	if errors.Is(err, fs.ErrNotExist) && path.Base(file) == defaultDockerfile {
		lower := path.Join(path.Dir(file), strings.ToLower(defaultDockerfile)) // BuildKit accepts it too
		if other, err2 := d.readFile(lower); err2 == nil {
			file, data, err = lower, other, nil
		}
	}
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil, hint.Wrap(fmt.Errorf("%s has no %s", d.show(), file), "build.dockerfile is relative to build.context")
	} else if err != nil {
		return "", nil, fmt.Errorf("%s cannot be read: %s", file, reason(err))
	}
	name := path.Base(file)
	files := map[string][]byte{name: data}
	ignore, err := d.readFile(file + ignoreName)
	if err == nil {
		files[name+ignoreName] = ignore
	} else if !errors.Is(err, fs.ErrNotExist) {
		return "", nil, fmt.Errorf("%s cannot be read: %s", file+ignoreName, reason(err))
	}
	return name, files, nil
}

// planExtras plans the named contexts that belong to one service.
func (l *loader) planExtras(ctx context.Context, svc stack.Service) error {
	for name, value := range svc.Build.AdditionalContexts {
		proper, err := contextName(name)
		if err != nil {
			return err
		}
		if _, ok := l.overrides[proper]; ok {
			continue // the user's takes precedence over the service's
		}
		full := "service/" + svc.Name + "/" + proper
		service, isService := strings.CutPrefix(value, ServicePrefix)
		switch ref, err := parseRef(value); {
		case isService:
			if err := l.checkUsed(service, []string{svc.Name}); err != nil {
				return fmt.Errorf("additional context %s: %w", name, err)
			}
			l.result.Remote[full] = value
		case err != nil:
			return fmt.Errorf("additional context %s: %w", name, err)
		case ref.remote != "":
			l.result.Remote[full] = ref.remote
		default:
			d, err := l.stackDir(ctx, value)
			if err != nil {
				return fmt.Errorf("additional context %s: %w", name, err)
			}
			if l.planned[full], err = l.folder(d, true); err != nil {
				return fmt.Errorf("additional context %s: %w", name, err)
			}
		}
	}
	return nil
}

// ServicePrefix begins an additional context that is the image of another service, as it is built.
const ServicePrefix = "service:"

// checkUsed returns an error unless the image of a service can be built before those of the trail, which use it.
func (l *loader) checkUsed(name string, trail []string) error {
	if slices.Contains(trail, name) {
		return fmt.Errorf("it is made from itself: %s", strings.Join(append(trail, name), " -> "))
	}
	svc, ok := l.stack.Service(name)
	if !ok {
		return hint.Wrap(fmt.Errorf("there is no service %s", name), "the stack has "+strings.Join(l.stack.ServiceNames(), ", "))
	}
	if svc.Build == nil {
		return nil
	}
	for _, value := range svc.Build.AdditionalContexts {
		if next, ok := strings.CutPrefix(value, ServicePrefix); ok {
			if err := l.checkUsed(next, append(slices.Clip(trail), name)); err != nil {
				return err
			}
		}
	}
	return nil
}
