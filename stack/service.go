package stack

import (
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/paths"
	"github.com/compose-spec/compose-go/v2/types"
)

// defaultStopGracePeriod is long, since a database that is killed while it writes makes a bad snapshot.
const defaultStopGracePeriod = 2 * time.Minute

// loading is the state of building a stack from a Compose model.
type loading struct {
	stack    *Stack
	tree     *tree
	vars     *variables
	problems *problems
	decoder  decoder
	// healthy has "NAME DEPENDENCY" for each service that requires another one to be healthy, which only a service with
	// a probe can be.
	healthy map[string]bool
}

// model fills the stack from the model that compose-go has made of the file.
func (l *loading) model(model map[string]any, opts *loader.Options, details types.ConfigDetails) {
	checkSupported(l.problems, model)
	l.stack.Name, _ = model["name"].(string)
	l.decoder.file(l.stack, model[extension])
	ours := serviceExtensions(model)

	project, err := loader.ModelToProject(model, opts, details)
	if err != nil {
		l.problems.addCompose(err, "", l.tree.workingDir())
		return
	}
	for _, name := range slices.Sorted(maps.Keys(project.Services)) {
		l.stack.Services = append(l.stack.Services, l.service(project.Services[name], ours[name]))
	}
	l.check()
}

// serviceExtensions returns the x-bmo of each service in the model.
func serviceExtensions(model map[string]any) map[string]any {
	found := map[string]any{}
	services, _ := model["services"].(map[string]any)
	for name, v := range services {
		if service, ok := v.(map[string]any); ok {
			found[name] = service[extension]
		}
	}
	return found
}

func (l *loading) service(cfg types.ServiceConfig, ours any) Service {
	at := "services." + cfg.Name
	s := Service{
		Name:            cfg.Name,
		Image:           cfg.Image,
		Build:           l.build(at+".build", cfg.Build),
		Entrypoint:      cfg.Entrypoint,
		Command:         cfg.Command,
		Environment:     l.environment(at, cfg),
		User:            cfg.User,
		WorkingDir:      cfg.WorkingDir,
		Hostname:        cfg.Hostname,
		DependsOn:       l.dependsOn(at+".depends_on", cfg.Name, cfg.DependsOn),
		Tmpfs:           cfg.Tmpfs,
		StopSignal:      cfg.StopSignal,
		StopGracePeriod: defaultStopGracePeriod,
		MemLimit:        int64(cfg.MemLimit),
		ShmSize:         int64(cfg.ShmSize),
		Init:            cfg.Init != nil && *cfg.Init,
		Ulimits:         ulimits(cfg.Ulimits),
		Snapshot:        true,
	}
	if cfg.StopGracePeriod != nil {
		s.StopGracePeriod = time.Duration(*cfg.StopGracePeriod)
	}
	if network := cfg.Networks["default"]; network != nil {
		s.Aliases = network.Aliases
	}
	l.decoder.service(&s, at+"."+extension, ours)
	return s
}

func ulimits(cfg map[string]*types.UlimitsConfig) map[string]Ulimit {
	out := map[string]Ulimit{}
	for name, u := range cfg {
		if u.Single != 0 {
			out[name] = Ulimit{Soft: int64(u.Single), Hard: int64(u.Single)}
			continue
		}
		out[name] = Ulimit{Soft: int64(u.Soft), Hard: int64(u.Hard)}
	}
	return out
}

// dependsOn returns the names. A dependency must be ready, as its x-bmo.ready says, whichever form the file uses; what
// Compose offers beyond that is refused.
func (l *loading) dependsOn(path, service string, cfg types.DependsOnConfig) []string {
	for name, dep := range cfg {
		switch dep.Condition {
		case types.ServiceConditionStarted:
		case types.ServiceConditionHealthy:
			l.healthy[service+" "+name] = true
		default:
			l.problems.add(path+"."+name+".condition", dep.Condition+" is not supported",
				"a command that must finish first is a step under x-bmo.bootstrap")
		}
		if !dep.Required {
			l.problems.add(path+"."+name+".required", "false is not supported",
				"every service of a stack is started; leave this out")
		}
	}
	return slices.Sorted(maps.Keys(cfg))
}

func (l *loading) build(path string, cfg *types.BuildConfig) *Build {
	if cfg == nil {
		return nil
	}
	b := &Build{
		Context:            l.folder(path+".context", cfg.Context),
		Dockerfile:         cfg.Dockerfile,
		DockerfileInline:   cfg.DockerfileInline,
		Target:             cfg.Target,
		Args:               map[string]string{},
		AdditionalContexts: map[string]string{},
	}
	switch {
	case b.DockerfileInline != "" && b.Dockerfile != "":
		l.problems.add(path, "has dockerfile as well as dockerfile_inline", "keep one of them")
	case b.DockerfileInline == "" && b.Dockerfile == "":
		b.Dockerfile = "Dockerfile"
	}
	for name, value := range cfg.Args {
		if value != nil {
			b.Args[name] = *value
		} else if value, ok := l.vars.lookup(name); ok {
			b.Args[name] = value
		}
	}
	for name, value := range cfg.AdditionalContexts {
		if strings.HasPrefix(value, types.ServicePrefix) {
			l.problems.add(path+".additional_contexts."+name, "another service's image is not supported",
				"build the service from the same Dockerfile, with a target of its own")
		}
		b.AdditionalContexts[name] = l.folder(path+".additional_contexts."+name, value)
	}
	return b
}

// folder returns the folder of a build context in canonical form. No path of this machine gets into it unless the
// author has written one.
func (l *loading) folder(at, name string) string {
	if IsURL(name) {
		return name
	}
	name = filepath.ToSlash(paths.ExpandUser(name))
	if name == "" {
		return "."
	}
	if l.tree.fsys != nil {
		if _, err := l.tree.within(name); err != nil {
			l.problems.add(at, err.Error(), "")
		}
	}
	clean := path.Clean(name)
	if IsURL(clean) { // ./github.com/x is a folder and has to stay one
		return "./" + clean
	}
	return clean
}
