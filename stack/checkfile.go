package stack

import (
	"fmt"
	"io/fs"
	"strings"
)

// checkHosts reports a host name that leads to two services by mistake: which of them answers would be random. Aliases
// of networks may be shared, as Docker says, but not with the name of another service or of a link, which is for one.
func (l *loading) checkHosts() {
	linked := map[string]string{}
	for _, link := range l.links {
		linked[link[1]] = link[0]
	}
	for _, s := range l.stack.Services {
		for i, alias := range s.Aliases {
			at := fmt.Sprintf("services.%s.networks.default.aliases[%d]", s.Name, i)
			if _, service := l.stack.Service(alias); service {
				l.problems.add(at, fmt.Sprintf("service %s already has the name %q", alias, alias), "")
			} else if other, ok := linked[alias]; ok && other != s.Name {
				l.problems.add("services."+s.Name, fmt.Sprintf("%q is a name of service %s, too, by links", alias, other),
					"a link is a name on the network of all services: give each of them another one")
			}
		}
	}
}

func (l *loading) checkSource() {
	for i, marker := range l.stack.Source.Marker {
		if !fs.ValidPath(marker) {
			at := fmt.Sprintf("%s.source.marker[%d]", extension, i)
			l.problems.add(at, fmt.Sprintf("%q is not a path within a source tree", marker), "write it as sub/folder/file")
		}
	}
}

func (l *loading) checkSteps() {
	l.checkStepsOf("bootstrap", l.stack.Bootstrap)
	l.checkStepsOf("start", l.stack.Start)
}

func (l *loading) checkStepsOf(key string, steps []Step) {
	for i, step := range steps {
		at := fmt.Sprintf("%s.%s[%d]", extension, key, i)
		if len(step.Command) == 0 {
			l.problems.add(at+".command", "missing", "")
		}
		if step.Exec && step.Entrypoint != nil {
			l.problems.add(at+".entrypoint", "has no meaning with exec", "put all words into command")
		}
		if step.Checkpoint && key == "start" {
			l.problems.add(at+".checkpoint", "has no meaning at a start", "leave it out: only what a bootstrap makes is kept")
		}
		s, ok := l.checkServiceExists(at+".service", step.Service)
		if ok && !s.Snapshot && key == "bootstrap" && !step.Exec {
			l.problems.add(at+".service",
				fmt.Sprintf("what the step does would be lost: service %s has snapshot: false", s.Name), "")
		}
	}
}

func (l *loading) checkURL() {
	at := extension + ".url"
	u := l.stack.URL
	if u.Service == "" && u.Port == 0 && !l.address {
		return
	}
	if u.Port == 0 {
		l.problems.add(at+".port", "missing", "")
	}
	if s, ok := l.checkServiceExists(at+".service", u.Service); ok && s.OneShot {
		l.problems.add(at+".service", fmt.Sprintf("service %s runs once, in the bootstrap", s.Name), "")
	}
	if u.Path != "" && !strings.HasPrefix(u.Path, "/") {
		l.problems.add(at+".path", fmt.Sprintf("%q does not begin with /", u.Path), "")
	}
	l.checkTemplates(at+".environment", u.Environment)
}

// checkTemplates renders each value once, which finds unknown fields.
func (l *loading) checkTemplates(at string, env map[string]string) {
	for name, text := range env {
		if _, err := renderValue(text, Vars{}); err != nil {
			l.problems.add(at+"."+name, err.Error(), varsHint)
		}
	}
}
