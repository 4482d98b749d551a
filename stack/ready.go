package stack

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
)

// healthcheck reads Compose's.
func healthcheck(cfg *types.HealthCheckConfig) *Healthcheck {
	if cfg == nil {
		return nil
	}
	if cfg.Disable {
		return &Healthcheck{Test: []string{"NONE"}}
	}
	h := &Healthcheck{
		Test: cfg.Test, Interval: duration(cfg.Interval), Timeout: duration(cfg.Timeout),
		StartPeriod: duration(cfg.StartPeriod), StartInterval: duration(cfg.StartInterval),
	}
	if cfg.Retries != nil {
		h.Retries = int(*cfg.Retries)
	}
	return h
}

func duration(d *types.Duration) time.Duration {
	if d == nil {
		return 0
	}
	return time.Duration(*d)
}

// ports returns the TCP ports that a service publishes, of the container, in the order of the file.
func (l *loading) ports(at string, cfg types.ServiceConfig) (list []int) {
	for i, p := range cfg.Ports {
		port := int(p.Target)
		switch {
		case p.Protocol != "" && p.Protocol != "tcp":
			l.note("services.*.ports", fmt.Sprintf("%s.ports[%d]", at, i), "only TCP ports are published; others are there on the instance's network")
		case !slices.Contains(list, port):
			list = append(list, port)
		}
	}
	return list
}

// sayWhenReady fills in what services do not say under x-bmo.ready: their health check, else a query for a database,
// else their published ports.
func (l *loading) sayWhenReady(ours map[string]any) {
	for i := range l.stack.Services {
		s := &l.stack.Services[i]
		if has(ours[s.Name], "ready") && s.Ready.any() || s.OneShot {
			continue
		}
		s.Ready.Implied = true
		h := s.Healthcheck
		s.Ready.Image = h == nil || len(h.Test) == 0
		switch {
		case h != nil && len(h.Test) > 1 && h.Test[0] != "NONE":
			s.Ready.Exec = h.exec()
		case isDatabase(*s):
			s.Ready.MySQL = l.account(*s)
		default:
			s.Ready.Ports = slices.Clone(s.Ports)
		}
		if h != nil && s.Ready.Timeout == 0 && s.Ready.Exec != nil {
			s.Ready.Timeout = h.patience()
		}
	}
}

// exec returns the test as a probe.
func (h Healthcheck) exec() *Exec {
	e := &Exec{Command: h.Test[1:], Shell: h.Test[0] == "CMD-SHELL", Timeout: h.Timeout}
	if h.Test[0] != "CMD" && !e.Shell { // a list of words without a first word that says how to run them
		e.Command = h.Test
	}
	return e
}

// patience returns how long docker would try before it calls a container unhealthy, when that is longer than the time
// that a service has anyway.
func (h Healthcheck) patience() time.Duration {
	interval, retries := h.Interval, h.Retries
	if interval == 0 {
		interval = 30 * time.Second
	}
	if retries == 0 {
		retries = 3
	}
	if all := h.StartPeriod + time.Duration(retries)*interval; all > defaultPatience {
		return all
	}
	return 0
}

// defaultPatience is the time that a service has that does not say more, in the bootstrap.
const defaultPatience = 2 * time.Minute

var (
	databaseImage = regexp.MustCompile(`^(?:.*/)?(?:mysql|mariadb|percona)(?:-server|-debian)?(?:[:@].*)?$`)
	serverAccount = []string{
		"MYSQL_ROOT_PASSWORD", "MYSQL_ROOT_PASSWORD_FILE", "MYSQL_ALLOW_EMPTY_PASSWORD", "MYSQL_RANDOM_ROOT_PASSWORD",
		"MARIADB_ROOT_PASSWORD", "MARIADB_ROOT_PASSWORD_FILE", "MARIADB_ALLOW_EMPTY_ROOT_PASSWORD",
		"MARIADB_RANDOM_ROOT_PASSWORD", "MARIADB_ROOT_PASSWORD_HASH",
	}
)

// isDatabase reports whether a service is a MySQL or MariaDB server whose environment names an account: by its image,
// or by the variables that only a server is given.
func isDatabase(s Service) bool {
	server := databaseImage.MatchString(s.Image)
	for _, name := range serverAccount {
		_, given := s.Environment[name]
		server = server || given && s.Image == "" && !publishesOther(s)
	}
	if !server {
		return false
	}
	for name := range s.Environment {
		if strings.HasPrefix(name, "MYSQL_") || strings.HasPrefix(name, "MARIADB_") {
			return true
		}
	}
	return false
}

func publishesOther(s Service) bool {
	return slices.ContainsFunc(s.Ports, func(p int) bool { return p != defaultMySQLPort })
}

// account returns a query by the account that a server's environment names: that of the application, else root. It is
// nil when no password is known.
func (l *loading) account(s Service) *MySQL {
	m := &MySQL{Port: defaultMySQLPort, Query: defaultMySQLQuery}
	if port, err := strconv.Atoi(s.Environment["MYSQL_TCP_PORT"]); err == nil {
		m.Port = port
	}
	if user := l.setting(s, "USER"); user != "" {
		m.User, m.Password, m.Database = user, l.setting(s, "PASSWORD"), l.setting(s, "DATABASE")
		return m
	}
	m.User, m.Password = "root", l.setting(s, "ROOT_PASSWORD")
	return m
}

// setting returns what the environment of a server says under MYSQL_NAME or MARIADB_NAME, or in the secret or config that
// is called there with _FILE.
func (l *loading) setting(s Service, name string) string {
	for _, prefix := range []string{"MARIADB_", "MYSQL_"} {
		if value, ok := s.Environment[prefix+name]; ok {
			return value
		}
		file, ok := s.Environment[prefix+name+"_FILE"]
		if !ok {
			continue
		}
		for _, f := range s.Files {
			if f.Target != file {
				continue
			}
			content, err := l.stack.Content(f.Source)
			if err != nil {
				l.problems.add("services."+s.Name+".environment."+prefix+name+"_FILE", err.Error(), "")
			}
			return strings.TrimRight(string(content), "\r\n")
		}
	}
	return ""
}
