package stack

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gotest.tools/v3/assert"
)

// project writes the files of a project, names and contents in turn, and returns its folder.
func project(t *testing.T, files ...string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "shop")
	for i := 0; i < len(files); i += 2 {
		file := filepath.Join(dir, files[i])
		assert.NilError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		assert.NilError(t, os.WriteFile(file, []byte(files[i+1]), 0o600))
	}
	return dir
}

// loadDir loads the stack of a folder as Compose finds its files.
func loadDir(t *testing.T, dir string, opts Options) (*Stack, error) {
	t.Helper()
	files, err := FindFiles(dir)
	assert.NilError(t, err)
	return Load(context.Background(), files, opts)
}

// loadProject loads what has to be a stack.
func loadProject(t *testing.T, opts Options, files ...string) *Stack {
	t.Helper()
	s, err := loadDir(t, project(t, files...), opts)
	assert.NilError(t, err)
	return s
}

func service(t *testing.T, s *Stack, name string) Service {
	t.Helper()
	svc, ok := s.Service(name)
	assert.Assert(t, ok, "no service %s", name)
	return svc
}

// TestNameFallsBackAsComposes: the file's, else that of the folder; COMPOSE_PROJECT_NAME wins, and is set to the name.
func TestNameFallsBackAsComposes(t *testing.T) {
	web := "services: {web: {image: nginx, environment: {TAG: '${COMPOSE_PROJECT_NAME}-x'}}}\n"
	for _, c := range []struct {
		text, want string
		environ    []string
	}{
		{web, "shop", nil},
		{"name: other\n" + web, "other", nil},
		{"name: other\n" + web, "mine", []string{"COMPOSE_PROJECT_NAME=mine"}},
	} {
		s := loadProject(t, Options{Environ: c.environ}, "compose.yaml", c.text)
		assert.Equal(t, s.Name, c.want)
		assert.Equal(t, service(t, s, "web").Environment["TAG"], c.want+"-x")
	}
}

// TestFilesAreLaidOverOneAnother: compose.override.yaml, then compose.bmo.yaml, and files that are named.
func TestFilesAreLaidOverOneAnother(t *testing.T) {
	dir := project(t,
		"compose.yaml", "services: {web: {image: nginx, environment: {A: '1', B: '1', C: '1'}}}\n",
		"compose.override.yaml", "services: {web: {environment: {B: '2', C: '2'}}}\n",
		"compose.bmo.yaml", "services: {web: {environment: {C: '3'}, x-bmo: {ready: {tcp: {port: 80}}}}}\n",
		"more/third.yaml", "services: {web: {environment: {A: '4'}}}\n",
	)
	s, err := loadDir(t, dir, Options{})
	assert.NilError(t, err)
	assert.DeepEqual(t, service(t, s, "web").Environment, map[string]string{"A": "1", "B": "2", "C": "3"})
	assert.Equal(t, service(t, s, "web").Ready.TCP.Port, 80)

	s, err = Load(t.Context(), []string{filepath.Join(dir, "compose.yaml"), filepath.Join(dir, "more/third.yaml")}, Options{})
	assert.NilError(t, err)
	assert.DeepEqual(t, service(t, s, "web").Environment, map[string]string{"A": "4", "B": "1", "C": "1"})
}

// TestErrorsNameTheFileThatHasTheKey: of several files the last one that has it.
func TestErrorsNameTheFileThatHasTheKey(t *testing.T) {
	dir := project(t,
		"compose.yaml", "services:\n  web:\n    image: nginx\n",
		"compose.override.yaml", "services:\n  web:\n\n    umask: 18\n",
	)
	_, err := loadDir(t, dir, Options{})
	assert.ErrorContains(t, err, filepath.Join(dir, "compose.override.yaml")+":4:5: services.web.umask: not supported")
}

func TestFolderCalledDotEnvIsIgnored(t *testing.T) {
	s := loadProject(t, Options{}, "compose.yaml", "services: {web: {image: 'nginx:${TAG:-1}'}}\n", ".env/file", "")
	assert.Equal(t, service(t, s, "web").Image, "nginx:1")
}

func TestEnvFilesReplaceDotEnv(t *testing.T) {
	dir := project(t, "compose.yaml", "services: {web: {image: '$A-$B-$C'}}\n", ".env", "A=dotenv\n", "one", "A=1\nB=1\n", "two", "B=2-$A\n")
	s, err := loadDir(t, dir, Options{EnvFiles: []string{filepath.Join(dir, "one"), filepath.Join(dir, "two")}, Environ: []string{"C=c"}})
	assert.NilError(t, err)
	assert.Equal(t, service(t, s, "web").Image, "1-2-1-c")
}

// TestNumbersArriveAsWritten: 1.10 is not 1.1 where a text is meant.
func TestNumbersArriveAsWritten(t *testing.T) {
	s := loadProject(t, Options{}, "compose.yaml", `
x-env: &env {A: 1.10, B: 0x1F}
services:
  web:
    build: {context: ., args: {V: 1.10, W: 1_000}}
    environment: {<<: *env, C: 010, D: 1e3, E: -0.50}
    labels: {l: 1.20}
    x-bmo: {flavors: {low: {environment: {F: 2.10}}}}
x-bmo:
  bootstrap: [{service: web, command: [x], environment: {G: 3.10}}]
`)
	web := service(t, s, "web")
	assert.DeepEqual(t, web.Build.Args, map[string]string{"V": "1.10", "W": "1_000"})
	assert.Equal(t, web.Environment["C"]+" "+web.Environment["D"]+" "+web.Environment["E"], "010 1e3 -0.50")
	assert.Equal(t, web.Settings.Labels["l"], "1.20")
	assert.Equal(t, web.Flavors["low"].Environment["F"], "2.10")
	assert.Equal(t, s.Bootstrap[0].Environment["G"], "3.10")
}

// TestOperatorsInACommandAreNotCut: words are no shell.
func TestOperatorsInACommandAreNotCut(t *testing.T) {
	for _, command := range []string{"a && b", "a | b", "a; b", "a > b", "a & b", "a < b"} {
		_, err := loadDir(t, project(t, "compose.yaml", "services: {web: {image: nginx}}\nx-bmo:\n  bootstrap: [{service: web, command: '"+command+"'}]\n"), Options{})
		assert.ErrorContains(t, err, "compose.yaml:3:30: x-bmo.bootstrap[0].command: ", command)
		assert.ErrorContains(t, err, `hint: write it as a list, ["sh", "-c", "..."]`, command)
	}
	s := loadProject(t, Options{}, "compose.yaml", "services: {web: {image: nginx}}\nx-bmo:\n  bootstrap: [{service: web, command: \"sh -c 'a && b'\"}]\n")
	assert.DeepEqual(t, s.Bootstrap[0].Command, []string{"sh", "-c", "a && b"})
	s = loadProject(t, Options{}, "compose.yaml", "services: {web: {image: nginx, command: a && b}}\n")
	assert.DeepEqual(t, s.Notes, []Note{{Key: "command", Text: "cut at an operator of the shell, as Compose does: `a && b` is `a`", At: []string{"services.web.command"}}})
}

func TestProfiles(t *testing.T) {
	text := "services: {web: {image: nginx}, admin: {image: adminer, profiles: [debug]}, off: {image: x, scale: 0}}\n"
	for profiles, want := range map[string]string{"": "web", "debug": "admin web", "*": "admin web", "other": "web"} {
		s := loadProject(t, Options{Profiles: strings.Fields(profiles)}, "compose.yaml", text)
		assert.Equal(t, strings.Join(s.ServiceNames(), " "), want, profiles)
	}
	s := loadProject(t, Options{Environ: []string{"COMPOSE_PROFILES=a,debug"}}, "compose.yaml", text)
	assert.Equal(t, len(s.Services), 2)
	dir := project(t, "compose.yaml", "services: {web: {image: nginx, depends_on: [admin]}, admin: {image: x, profiles: [debug]}}\n")
	_, err := loadDir(t, dir, Options{})
	assert.ErrorContains(t, err, "service admin is not active")
}

func TestInclude(t *testing.T) {
	s := loadProject(t, Options{},
		"compose.yaml", "include: [db/compose.yaml]\nservices: {web: {build: ., depends_on: [db]}}\n",
		"db/compose.yaml", "services: {db: {build: ./image, environment: {V: '$FROM_DB'}, volumes: ['./init:/init']}}\n",
		"db/.env", "FROM_DB=1\n",
	)
	db := service(t, s, "db")
	assert.Equal(t, db.Build.Context, "db/image")
	assert.Equal(t, db.Environment["V"], "1")
	assert.DeepEqual(t, db.Mounts, []Mount{{Target: "/init", Source: "db/init"}})
}

// TestNamesThatServicesShare: Docker lets services share an alias, and a container have the name of another service.
func TestNamesThatServicesShare(t *testing.T) {
	s := loadProject(t, Options{}, "compose.yaml", `
services:
  shop: {image: nginx, links: [php]}
  php: {image: php, container_name: shop, networks: {default: {aliases: [app]}}}
  worker: {image: php, container_name: worker-1, networks: {default: {aliases: [app]}}}
`)
	assert.DeepEqual(t, service(t, s, "php").Aliases, []string{"app"})
	assert.DeepEqual(t, service(t, s, "worker").Aliases, []string{"app", "worker-1"})
	assert.Assert(t, slices.ContainsFunc(s.Notes, func(n Note) bool {
		return n.Text == "no effect: service shop has that name" && n.At[0] == "services.php.container_name"
	}), "%+v", s.Notes)

	// A link is a name for one service, wherever it is used here.
	_, err := loadDir(t, project(t, "compose.yaml", `
services:
  a: {image: x, links: ["one:db"]}
  b: {image: x, links: ["two:db"]}
  one: {image: y}
  two: {image: y}
`), Options{})
	assert.ErrorContains(t, err, `services.one: "db" is a name of service two, too, by links`)
}

// TestNoNetwork: an instance has one network for all, which is said where a service wants none.
func TestNoNetwork(t *testing.T) {
	s := loadProject(t, Options{}, "compose.yaml", "services: {a: {image: x, network_mode: none}, b: {image: x, network_mode: bridge}}\n")
	assert.Equal(t, len(s.Notes), 1)
	assert.DeepEqual(t, s.Notes[0].At, []string{"services.a.network_mode"})
}

// TestOtherPortsThanTCP are not published, which is said.
func TestOtherPortsThanTCP(t *testing.T) {
	s := loadProject(t, Options{}, "compose.yaml", "services: {web: {image: nginx, ports: ['443:443', '443:443/udp', '53/udp']}}\n")
	assert.DeepEqual(t, service(t, s, "web").Ports, []int{443})
	assert.Assert(t, slices.ContainsFunc(s.Notes, func(n Note) bool {
		return strings.Contains(n.Text, "only TCP ports") && slices.Equal(n.At, []string{"services.web.ports[1]", "services.web.ports[2]"})
	}), "%+v", s.Notes)
}

// TestPlaceInAFileThatIsNamed: an error is where its key is, in a file that is included or extended, too.
func TestPlaceInAFileThatIsNamed(t *testing.T) {
	for _, c := range []struct{ main, want string }{
		{"include: [parts/db.yaml]\nservices: {web: {image: x}}\n", "parts/db.yaml:4:9: services.db.volumes[0]: not supported"},
		{"services:\n  db: {extends: {file: parts/db.yaml, service: db}}\n", "parts/db.yaml:4:9: services.db.volumes[0]: not supported"},
		{
			"services:\n  db: {extends: {file: parts/db.yaml, service: db}, volumes: ['/run/docker.sock:/s']}\n",
			"compose.yaml:2:63: services.db.volumes[0]: not supported",
		},
	} {
		dir := project(t, "compose.yaml", c.main,
			"parts/db.yaml", "services:\n  db:\n    volumes:\n      - /var/run/docker.sock:/var/run/docker.sock\n    image: y\n")
		_, err := loadDir(t, dir, Options{})
		assert.ErrorContains(t, err, c.want, c.main)
	}
}

// TestRefusedNeverInSilence has the rest of what an instance cannot have.
func TestRefusedNeverInSilence(t *testing.T) {
	for text, want := range map[string]string{
		"services: {web: {image: x, network_mode: host}}":                                "services.web.network_mode: not supported",
		"services: {web: {image: x, network_mode: 'service:db'}, db: {image: y}}":        "not supported: services do not share a network interface",
		"services: {web: {image: x, pid: host}}":                                         "services.web.pid: host is not supported",
		"services: {web: {image: x, ipc: 'service:db'}}":                                 "services.web.ipc: the namespace of another container",
		"services: {web: {image: x, volumes: ['v:/v']}}\nvolumes: {v: {external: true}}": "volumes.v.external: not supported",
		"services: {web: {image: x, volumes: ['v:/v']}}\nvolumes: {v: {driver: nfs}}":    "volumes.v.driver: not supported",
		"services: {web: {image: x, networks: [n]}}\nnetworks: {n: {external: true}}":    "networks.n.external: not supported",
		"services: {web: {image: x, secrets: [s]}}\nsecrets: {s: {external: true}}":      "secrets.s.external: not supported",
		"services: {web: {image: x, secrets: [s]}}\nsecrets: {s: {environment: NONE}}":   "environment variable NONE is not set",
		"services: {web: {image: x, use_api_socket: true}}":                              "the engine's socket",
		"services: {web: {image: x, external_links: [other]}}":                           "services.web.external_links: not supported",
		"services: {web: {image: x, build: {context: ., privileged: true}}}":             "services.web.build.privileged: not supported",
	} {
		_, err := loadDir(t, project(t, "compose.yaml", text+"\n"), Options{})
		assert.ErrorContains(t, err, want, text)
	}
}

func TestOneShot(t *testing.T) {
	s := loadProject(t, Options{}, "compose.yaml", `
services:
  db: {image: postgres}
  migrate: {image: app, depends_on: [db]}
  web: {image: app, depends_on: {migrate: {condition: service_completed_successfully}}}
`)
	migrate := service(t, s, "migrate")
	assert.Assert(t, migrate.OneShot && !migrate.Snapshot && !migrate.Ready.any())
	assert.Assert(t, !service(t, s, "web").OneShot)
	text, err := s.YAML()
	assert.NilError(t, err)
	again := loadProject(t, Options{}, "compose.yaml", string(text))
	assert.Assert(t, service(t, again, "migrate").OneShot)
}

func TestSettings(t *testing.T) {
	s := loadProject(t, Options{}, "compose.yaml", `
services:
  web:
    image: x
    cap_add: [NET_ADMIN]
    sysctls: {net.core.somaxconn: 1024}
    extra_hosts: ["a.test:10.0.0.1"]
    cpus: 0.1
    mem_swappiness: 0
    deploy: {resources: {limits: {cpus: "0.5", memory: 50M, pids: 7}, reservations: {memory: 20M}}, update_config: {delay: 1s}}
    logging: {driver: json-file, options: {max-size: 1m}}
    container_name: shop-web
    links: ["db:database"]
    post_start: [{command: [touch, /x], user: root}]
  db: {image: x, networks: {back: {aliases: [store]}}}
networks: {back: }
`)
	web := service(t, s, "web")
	assert.DeepEqual(t, web.Settings, Settings{
		CapAdd: []string{"NET_ADMIN"}, Sysctls: map[string]string{"net.core.somaxconn": "1024"}, ExtraHosts: []string{"a.test:10.0.0.1"},
		CPUs: 0.5, PidsLimit: 7, MemReservation: 20 << 20, LogDriver: "json-file", LogOptions: map[string]string{"max-size": "1m"},
	})
	assert.Equal(t, web.MemLimit, int64(50<<20))
	assert.DeepEqual(t, web.Aliases, []string{"shop-web"})
	assert.DeepEqual(t, web.DependsOn, []string{"db"})
	assert.DeepEqual(t, service(t, s, "db").Aliases, []string{"store", "database"})
	assert.DeepEqual(t, s.Start, []Step{{Service: "web", Command: []string{"touch", "/x"}, Exec: true, User: "root", Environment: map[string]string{}}})
}

// TestNotesAreSaidOnce: not for each service.
func TestNotesAreSaidOnce(t *testing.T) {
	s := loadProject(t, Options{}, "compose.yaml", "services: {a: {image: x, restart: always, ports: ['80'], depends_on: [b]}, b: {image: x, restart: always, ports: ['81']}}\n")
	assert.DeepEqual(t, s.Notes, []Note{
		{Key: "ports", Text: rules["services.*.ports"].text, At: []string{"services.a.ports", "services.b.ports"}},
		{Key: "restart", Text: rules["services.*.restart"].text, At: []string{"services.a.restart", "services.b.restart"}},
	})
}
