package bmo

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/docker-bmo/docker-bmo/stack"
)

// DraftName is the name of the file that a project says in what its Compose file has no keys for.
const DraftName = "compose.bmo.yaml"

// Draft returns a compose.bmo.yaml for a stack on disk: what docker bmo takes from the Compose file as comments, and
// what it may need to be told, ready to be uncommented. The stack with it is the same as without, except that an address
// that is not clear is one of the candidates.
func Draft(st *stack.Stack) []byte {
	d := &draft{stack: st}
	d.line("# What docker bmo has to know of %s beyond its Compose file.", st.Name)
	d.line("# The keys are those of docs/stacks.md; `docker bmo config` shows what becomes of them, and")
	d.line("# `docker bmo init --schema` prints their JSON schema, for editors.")
	d.line("")
	d.services()
	d.line("")
	d.line("x-bmo:")
	d.address()
	d.steps()
	return []byte(d.String())
}

// draft is the text as it grows.
type draft struct {
	strings.Builder
	stack *stack.Stack
}

func (d *draft) line(format string, args ...any) {
	fmt.Fprintln(d, strings.TrimRight(fmt.Sprintf(format, args...), " "))
}

func (d *draft) services() {
	d.line("services:")
	for _, s := range d.stack.Services {
		d.line("  %s:", s.Name)
		if s.OneShot {
			d.line("    # runs once, in the bootstrap, since others wait for it to end")
			d.line("    x-bmo: {}")
			continue
		}
		d.line("    # ready %s", readyWhen(s))
		d.line("    x-bmo: {}")
		for _, text := range readyExample(s) {
			d.line("    #   %s", text)
		}
	}
}

// readyWhen says when a service is ready, as its Compose file has it.
func readyWhen(s stack.Service) string {
	r := s.Ready
	image := ""
	if r.Image {
		image = "when the health check of its image succeeds if it has one, else "
	}
	switch {
	case !r.Implied:
		return "as x-bmo.ready says already"
	case r.Exec != nil:
		return "when its health check succeeds"
	case r.MySQL != nil:
		return image + fmt.Sprintf("when user %s can send a query", r.MySQL.User)
	case len(r.Ports) > 0:
		return image + fmt.Sprintf("when port %s answers", joinPorts(r.Ports))
	}
	return image + "as soon as it runs"
}

func joinPorts(ports []int) string {
	var list []string
	for _, p := range ports {
		list = append(list, fmt.Sprint(p))
	}
	return strings.Join(list, ", ")
}

// readyExample is what can be said in place of it.
func readyExample(s stack.Service) []string {
	switch {
	case !s.Ready.Implied || s.Ready.MySQL != nil:
		return nil
	case len(s.Ready.Ports) > 0:
		return []string{"ready:", fmt.Sprintf("  http: {port: %d, path: /, status: 200-399}", s.Ready.Ports[0])}
	case s.Ready.Exec == nil:
		return []string{"ready:", "  exec: {command: the-command-that-ends-with-0-when-it-is-ready}"}
	}
	return nil
}

func (d *draft) address() {
	u := d.stack.URL
	switch {
	case u.Service != "":
		d.line("  # The application's address, http://127.0.0.1:PORT, leads to this port.")
		d.line("  url:")
		d.line("    service: %s", u.Service)
		d.line("    port: %d", u.Port)
	case len(d.stack.Candidates) > 0:
		d.line("  # The application's address, http://127.0.0.1:PORT, leads to one of these ports: choose.")
		for i, c := range d.stack.Candidates {
			mark := "# "
			if i == 0 {
				mark = ""
			}
			d.line("  %surl: {service: %s, port: %d}", mark, c.Service, c.Port)
		}
		return
	default:
		d.line("  # No service publishes a port: the application has no address.")
		d.line("  # url: {service: %s, port: 80}", d.stack.Services[len(d.stack.Services)-1].Name)
		d.line("  env: {}")
		return
	}
	d.line("    # For an application that has to know its address:")
	d.line("    # environment: {APP_URL: \"{{.URL}}\"}")
}

// firstRuns are files of an application that have a known first run, and the command of it.
var firstRuns = []struct {
	file    string
	command []string
}{
	{"manage.py", []string{"python3", "manage.py", "migrate", "--noinput"}},
	{"bin/rails", []string{"bin/rails", "db:prepare"}},
	{"artisan", []string{"php", "artisan", "migrate", "--force"}},
	{"bin/console", []string{"php", "bin/console", "doctrine:migrations:migrate", "--no-interaction"}},
	{"alembic.ini", []string{"alembic", "upgrade", "head"}},
	{"prisma/schema.prisma", []string{"npx", "prisma", "migrate", "deploy"}},
	{"knexfile.js", []string{"npx", "knex", "migrate:latest"}},
	{"ecto/migrations", []string{"mix", "ecto.setup"}},
	{"checksetup.pl", []string{"perl", "checksetup.pl"}},
}

func (d *draft) steps() {
	d.line("")
	d.line("  # The first run, once: what these commands do is in the snapshot, and every instance starts with it.")
	d.line("  # bootstrap:")
	candidates := d.candidates()
	if len(candidates) == 0 {
		candidates = []string{fmt.Sprintf("{service: %s, command: [the, command, that, prepares, it]}", d.main())}
	}
	for _, c := range candidates {
		d.line("  #   - %s", c)
	}
	for _, s := range d.stack.Services {
		if s.Ready.MySQL != nil {
			d.line("  #   - {service: %s, exec: true, command: [sh, -c, \"mysql -u... DATABASE < /dump.sql\"]}", s.Name)
			break
		}
	}
}

// main is the service that a first run is most likely to be one of.
func (d *draft) main() string {
	if d.stack.URL.Service != "" {
		return d.stack.URL.Service
	}
	return d.stack.Services[len(d.stack.Services)-1].Name
}

// candidates are the first runs that the files of the services' build contexts suggest.
func (d *draft) candidates() (list []string) {
	var seen []string
	for _, s := range d.stack.Services {
		if s.Build == nil || stack.IsURL(s.Build.Context) || slices.Contains(seen, s.Build.Context) {
			continue
		}
		seen = append(seen, s.Build.Context)
		for _, known := range firstRuns {
			if _, err := os.Stat(filepath.Join(d.stack.Dir, s.Build.Context, known.file)); err == nil {
				list = append(list, fmt.Sprintf("{service: %s, command: [%s]}", s.Name, strings.Join(known.command, ", ")))
			}
		}
	}
	return list
}
