package stack

import (
	"fmt"
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

// model fills the stack from the model that compose-go has made of the files.
func (l *loading) model(model map[string]any, opts *loader.Options, details types.ConfigDetails) {
	if l.tree.fsys != nil {
		l.stack.Name, _ = model["name"].(string)
	}
	l.inactive(model)
	l.checkKeys(model)
	l.decoder.file(l.stack, model[extension])
	l.address = has(model[extension], "url")
	ours := serviceExtensions(model)

	project, err := loader.ModelToProject(model, opts, details)
	if err != nil {
		l.problems.addCompose(err, "", l.tree.workingDir())
		return
	}
	l.project = project
	for _, name := range slices.Sorted(maps.Keys(project.Services)) {
		l.stack.Services = append(l.stack.Services, l.service(project.Services[name], ours[name]))
	}
	l.addContainerNames()
	l.oneShots()
	l.shareVolumes()
	l.sayWhenReady(ours)
	l.findAddress()
	l.probeAddress()
	l.check()
}

// profiles returns the active ones.
func (l *loading) profiles() []string {
	list := slices.Clone(l.options.Profiles)
	if value, ok := l.vars.value("COMPOSE_PROFILES"); ok {
		for name := range strings.SplitSeq(value, ",") {
			list = append(list, strings.TrimSpace(name))
		}
	}
	return list
}

// inactive takes the services out of the model whose profiles are not active, and those that run zero times: what is
// wrong with them does not matter.
func (l *loading) inactive(model map[string]any) {
	services, _ := model["services"].(map[string]any)
	active := l.profiles()
	for name, v := range services {
		service, _ := v.(map[string]any)
		profiles, _ := service["profiles"].([]any)
		on := len(profiles) == 0 || slices.Contains(active, "*")
		for _, p := range profiles {
			on = on || slices.Contains(active, fmt.Sprint(p))
		}
		deploy, _ := service["deploy"].(map[string]any)
		if !on || isZero(service["scale"]) || isZero(deploy["replicas"]) {
			l.left = append(l.left, name)
			delete(services, name)
		}
	}
}

func isZero(v any) bool { return v != nil && fmt.Sprint(v) == "0" }

func has(v any, key string) bool {
	m, _ := v.(map[string]any)
	_, ok := m[key]
	return ok
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
		DependsOn:       l.dependsOn(at+".depends_on", cfg),
		Aliases:         aliases(cfg),
		Tmpfs:           slices.Clone(cfg.Tmpfs),
		StopSignal:      cfg.StopSignal,
		StopGracePeriod: defaultStopGracePeriod,
		MemLimit:        int64(cfg.MemLimit),
		ShmSize:         int64(cfg.ShmSize),
		Init:            cfg.Init != nil && *cfg.Init,
		Ulimits:         ulimits(cfg.Ulimits),
		Snapshot:        true,
		Healthcheck:     healthcheck(cfg.HealthCheck),
		Platform:        cfg.Platform,
		Restart:         restarts(cfg),
		Ports:           l.ports(at, cfg),
		Settings:        l.settings(at, cfg),
	}
	if cfg.StopGracePeriod != nil {
		s.StopGracePeriod = time.Duration(*cfg.StopGracePeriod)
	}
	l.limits(&s, cfg)
	l.mounts(&s, at, cfg)
	l.secretFiles(&s, at, cfg)
	l.startHooks(at, cfg)
	l.decoder.service(&s, at+"."+extension, ours)
	return s
}

// aliases are the names that a service has on the networks of the file. Its container's name and what other services call
// it by links are added later.
func aliases(cfg types.ServiceConfig) []string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(cfg.Networks)) {
		if network := cfg.Networks[name]; network != nil {
			list = append(list, network.Aliases...)
		}
	}
	return unique(list)
}

// addContainerNames adds the names that the file gives to containers, as Docker does. One that another service has leads
// to that service.
func (l *loading) addContainerNames() {
	for i := range l.stack.Services {
		s := &l.stack.Services[i]
		name := l.project.Services[s.Name].ContainerName
		switch _, taken := l.stack.Service(name); {
		case name == "" || name == s.Name:
		case taken:
			l.note("services.*.container_name", "services."+s.Name+".container_name", "no effect: service "+name+" has that name")
		default:
			s.Aliases = unique(append(s.Aliases, name))
		}
	}
}

// unique removes what is repeated, and keeps the order.
func unique(list []string) (out []string) {
	for _, s := range list {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
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

func restarts(cfg types.ServiceConfig) bool {
	if cfg.Deploy != nil && cfg.Deploy.RestartPolicy != nil {
		return cfg.Deploy.RestartPolicy.Condition != "none"
	}
	return cfg.Restart != "" && cfg.Restart != types.RestartPolicyNo
}

// dependsOn returns the names. A dependency must be ready, whichever form the file uses, or must have ended when that
// is the condition.
func (l *loading) dependsOn(path string, cfg types.ServiceConfig) []string {
	names := slices.Sorted(maps.Keys(cfg.DependsOn))
	for _, link := range cfg.Links {
		name, alias, _ := strings.Cut(link, ":")
		names = append(names, name)
		l.links = append(l.links, [2]string{name, alias})
	}
	for _, from := range cfg.VolumesFrom {
		name, _, _ := strings.Cut(from, ":")
		names = append(names, name)
	}
	names = slices.Compact(slices.Sorted(slices.Values(names)))
	return slices.DeleteFunc(names, func(name string) bool {
		dep, ok := cfg.DependsOn[name]
		if ok && dep.Condition == types.ServiceConditionHealthy {
			l.healthy[cfg.Name+" "+name] = true
		}
		if ok && dep.Condition == types.ServiceConditionCompletedSuccessfully {
			l.ends = append(l.ends, name)
		}
		if !slices.Contains(l.left, name) {
			return false
		}
		if !ok || dep.Required {
			l.problems.add(path+"."+name, fmt.Sprintf("service %s is not active", name),
				"activate one of its profiles with --profile, or say required: false")
		}
		return true
	})
}

// oneShots marks the services that others wait for to end, and adds the names that links give.
func (l *loading) oneShots() {
	for i := range l.stack.Services {
		s := &l.stack.Services[i]
		if slices.Contains(l.ends, s.Name) {
			s.OneShot, s.Snapshot = true, false
		}
		for _, link := range l.links {
			if link[0] == s.Name && link[1] != "" && link[1] != s.Name {
				s.Aliases = unique(append(s.Aliases, link[1]))
			}
		}
	}
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
		SSH:                sshOf(cfg.SSH),
		ExtraHosts:         hosts(cfg.ExtraHosts),
		Network:            cfg.Network,
		ShmSize:            int64(cfg.ShmSize),
		Labels:             cfg.Labels,
		Entitlements:       cfg.Entitlements,
	}
	if len(cfg.Ulimits) > 0 {
		b.Ulimits = ulimits(cfg.Ulimits)
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
			b.AdditionalContexts[name] = value
			continue
		}
		b.AdditionalContexts[name] = l.folder(path+".additional_contexts."+name, value)
	}
	l.buildSecrets(b, path, cfg)
	return b
}

func sshOf(cfg types.SSHConfig) (list []string) {
	for _, key := range cfg {
		if key.Path == "" {
			list = append(list, key.ID)
			continue
		}
		list = append(list, key.ID+"="+key.Path)
	}
	return list
}

// folder returns the folder of a build context in canonical form. No path of this machine gets into it unless the
// author has written one.
func (l *loading) folder(at, name string) string {
	if IsURL(name) {
		return name
	}
	name = l.relative(filepath.ToSlash(paths.ExpandUser(name)))
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

// relative returns an absolute path within the stack's folder as a relative one: an included file has its paths made
// absolute by compose-go, and authors write ${PWD}.
func (l *loading) relative(name string) string {
	if l.stack.Dir == "" || !filepath.IsAbs(name) {
		return name
	}
	rel, err := filepath.Rel(l.stack.Dir, filepath.FromSlash(name))
	if err != nil || !filepath.IsLocal(rel) {
		return name
	}
	return filepath.ToSlash(rel)
}
