package stack

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/distribution/reference"
)

// Names are as Compose has them; those of flavors are also those of options.
var (
	projectPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]*$`)
	servicePattern = regexp.MustCompile(`^[a-zA-Z0-9._-]+$`)
	namePattern    = regexp.MustCompile(`^[a-z0-9]+(?:[-_][a-z0-9]+)*$`)
)

const (
	maxName  = 63
	nameHint = "use lower-case letters and digits, with single - or _ between them"
)

func validName(name string) bool {
	return len(name) <= maxName && namePattern.MatchString(name)
}

// check reports what is wrong between the parts of a stack, and then brings the services into start order.
func (l *loading) check() {
	switch s := l.stack; {
	case s.Name == "":
		l.problems.add("name", "missing", "a built-in stack has one")
	case len(s.Name) > maxName || !projectPattern.MatchString(s.Name):
		l.problems.add("name", fmt.Sprintf("%q is not a valid name", s.Name),
			"use lower-case letters, digits, - and _, and begin with a letter or a digit")
	}
	if len(l.stack.Services) == 0 {
		l.problems.add("services", "missing", "a stack has at least one service")
	}
	for _, s := range l.stack.Services {
		l.checkService(s)
	}
	l.checkHosts()
	l.checkSource()
	l.checkContexts()
	l.checkSteps()
	l.checkURL()
	l.checkTemplates(extension+".env", l.stack.Env)
	l.sortServices()
}

func (l *loading) checkService(s Service) {
	at := "services." + s.Name
	if len(s.Name) > maxName || !servicePattern.MatchString(s.Name) {
		l.problems.add(at, "not a valid name", "use letters, digits, . - and _")
	}
	switch {
	case s.Image == "" && s.Build == nil:
		l.problems.add(at, "has neither image nor build", "")
	case s.Image != "":
		if _, err := reference.ParseNormalizedNamed(s.Image); err != nil {
			l.problems.add(at+".image", fmt.Sprintf("%q is not an image: %v", s.Image, err), "")
		}
	}
	for i, mount := range s.Tmpfs {
		if !strings.HasPrefix(mount, "/") {
			l.problems.add(fmt.Sprintf("%s.tmpfs[%d]", at, i), fmt.Sprintf("%q is not an absolute path", mount), "")
		}
	}
	if s.StopGracePeriod <= 0 {
		l.problems.add(at+".stop_grace_period", "must be longer than zero", "")
	}
	for _, dep := range s.DependsOn {
		l.checkDependency(at+".depends_on."+dep, s.Name, dep)
	}
	l.checkReady(at+"."+extension+".ready", s.Ready)
}

func (l *loading) checkDependency(at, name, dep string) {
	target, ok := l.checkServiceExists(at, dep)
	if ok && l.healthy[name+" "+dep] && !target.Ready.any() {
		l.problems.add("services."+dep+"."+extension+".ready", "missing",
			"service "+name+" waits until this one is healthy, and ready says when that is")
	}
}

// any reports whether there is a probe at all.
func (r Ready) any() bool {
	return r.MySQL != nil || r.HTTP != nil || r.TCP != nil || r.Exec != nil || len(r.Ports) > 0 || r.Image
}

func (l *loading) checkReady(at string, r Ready) {
	if m := r.MySQL; m != nil && (usesSecret(m.User) || usesSecret(m.Password)) {
		l.problems.add(at+".mysql", "the account is a secret of each instance, and the database of the snapshot has another one",
			"give the account a fixed password, or name another account under ready.mysql")
	}
	if m := r.MySQL; m != nil && m.User == "" {
		l.problems.add(at+".mysql.user", "missing", "the server is ready when the application's own user can log in")
	}
	if m := r.MySQL; m != nil && m.Query == "" {
		l.problems.add(at+".mysql.query", "empty", "leave it out for "+defaultMySQLQuery)
	}
	if t := r.TCP; t != nil && t.Port == 0 {
		l.problems.add(at+".tcp.port", "missing", "")
	}
	if e := r.Exec; e != nil && len(e.Command) == 0 {
		l.problems.add(at+".exec.command", "missing", "")
	}
	h := r.HTTP
	if h == nil {
		return
	}
	if h.Port == 0 {
		l.problems.add(at+".http.port", "missing", "")
	}
	if !strings.HasPrefix(h.Path, "/") {
		l.problems.add(at+".http.path", fmt.Sprintf("%q does not begin with /", h.Path), "")
	}
	if h.Scheme != "" && h.Scheme != "http" && h.Scheme != "https" {
		l.problems.add(at+".http.scheme", fmt.Sprintf("want http or https, not %q", h.Scheme), "")
	}
	if _, err := regexp.Compile(h.Body); err != nil {
		l.problems.add(at+".http.body", fmt.Sprintf("not a regular expression: %v", err), "")
	}
}

func (l *loading) checkServiceExists(at, name string) (Service, bool) {
	s, ok := l.stack.Service(name)
	switch {
	case name == "":
		l.problems.add(at, "missing", "")
	case !ok:
		l.problems.add(at, fmt.Sprintf("there is no service %q", name),
			suggest("the services are", name, l.stack.ServiceNames()))
	}
	return s, ok
}

func (l *loading) sortServices() {
	needs := map[string][]string{}
	byName := map[string]Service{}
	for _, s := range l.stack.Services {
		needs[s.Name], byName[s.Name] = s.DependsOn, s
	}
	names, cycle := order(needs)
	if cycle != nil {
		l.problems.add("services", "they depend on one another: "+strings.Join(cycle, " -> "), "")
		return
	}
	for i, name := range names {
		l.stack.Services[i] = byName[name]
	}
}

// ServiceNames returns the names of the stack's services, sorted.
func (s *Stack) ServiceNames() []string {
	names := make([]string, len(s.Services))
	for i, svc := range s.Services {
		names[i] = svc.Name
	}
	slices.Sort(names)
	return names
}

// Service returns the service of that name.
func (s *Stack) Service(name string) (Service, bool) {
	i := slices.IndexFunc(s.Services, func(svc Service) bool { return svc.Name == name })
	if i < 0 {
		return Service{}, false
	}
	return s.Services[i], true
}
