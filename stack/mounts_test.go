package stack

import (
	"strings"
	"testing"

	"gotest.tools/v3/assert"
)

func TestVolumes(t *testing.T) {
	s := loadProject(t, Options{}, "compose.yaml", `
services:
  web:
    image: nginx
    volumes: [uploads:/srv/uploads, own:/own, ".:/app", /app/node_modules, "./conf/a.conf:/etc/a.conf:ro", "${PWD}/x:/x", {type: tmpfs, target: /t, tmpfs: {size: 1m}}]
  worker: {image: nginx, volumes: ["uploads:/data:ro"]}
  sealed: {image: nginx, read_only: true, volumes: [/state]}
  heir: {image: nginx, volumes_from: ["web:ro"]}
volumes: {uploads: , own: {driver: local}}
`)
	assert.DeepEqual(t, service(t, s, "web").Mounts[:3], []Mount{
		{Target: "/srv/uploads", Volume: "uploads", Shared: true},
		{Target: "/own", Volume: "own", Shared: true},
		{Target: "/app", Source: "."},
	})
	assert.DeepEqual(t, service(t, s, "web").Mounts[4], Mount{Target: "/etc/a.conf", Source: "conf/a.conf", ReadOnly: true})
	assert.DeepEqual(t, service(t, s, "web").Tmpfs, []string{"/t:size=1048576"})
	assert.DeepEqual(t, service(t, s, "worker").Mounts, []Mount{{Target: "/data", Volume: "uploads", Shared: true, ReadOnly: true}})
	assert.DeepEqual(t, service(t, s, "sealed").Mounts, []Mount{{Target: "/state", Volume: "sealed_state", Shared: true}})
	assert.Equal(t, len(service(t, s, "heir").Mounts), len(service(t, s, "web").Mounts))
}

// TestVolumesOfOneServiceAreFolders: what nobody shares needs no volume of the engine.
func TestVolumesOfOneServiceAreFolders(t *testing.T) {
	s := loadProject(t, Options{}, "compose.yaml", "services: {db: {image: postgres, volumes: ['data:/var/lib/postgresql/data', /more]}}\nvolumes: {data: }\n")
	assert.DeepEqual(t, service(t, s, "db").Mounts, []Mount{
		{Target: "/var/lib/postgresql/data", Volume: "data"}, {Target: "/more"},
	})
}

// TestPathsOfTheMachine: one that is there is refused, the engine's socket above all.
func TestPathsOfTheMachine(t *testing.T) {
	for volume, want := range map[string]string{
		"/etc:/host":    "/etc is a path of the machine",
		"~/:/home":      "is a path of the machine",
		"/:/host:ro":    "/ is a path of the machine",
		"/dev/shm:/shm": "/dev/shm is a path of the machine",
		"/var/run/docker.sock:/var/run/docker.sock":   "the engine's socket gives access to the whole machine",
		"/run/user/1000/docker.sock:/tmp/docker.sock": "the engine's socket gives access to the whole machine",
	} {
		_, err := loadDir(t, project(t, "compose.yaml", "services:\n  web:\n    image: nginx\n    volumes:\n      - "+volume+"\n"), Options{})
		assert.ErrorContains(t, err, "compose.yaml:5:9: services.web.volumes[0]: ", volume)
		assert.ErrorContains(t, err, want, volume)
	}
	s := loadProject(t, Options{}, "compose.yaml",
		"services: {web: {image: nginx, volumes: ['/no/such/folder:/data', '/etc/localtime:/etc/localtime:ro', '/dev/shm:/dev/shm']}}\n")
	assert.DeepEqual(t, service(t, s, "web").Mounts, []Mount{{Target: "/data", NoCopy: true}})
	assert.Equal(t, service(t, s, "web").ShmSize, int64(2<<30))
	assert.Equal(t, len(s.Notes), 4)
}

func TestSecretsAndConfigs(t *testing.T) {
	s := loadProject(t, Options{Environ: []string{"TOKEN=t0ken"}}, "compose.yaml", `
services:
  web:
    image: nginx
    secrets: [password, {source: token, target: /etc/token, uid: "7", gid: "8", mode: 0400}]
    configs: [site, {source: inline, target: /etc/inline}]
secrets: {password: {file: ./password.txt}, token: {environment: TOKEN}}
configs: {site: {file: ./site.conf}, inline: {content: "a: $TOKEN"}}
`, "password.txt", "s3cret\n", "site.conf", "x")
	files := service(t, s, "web").Files
	assert.DeepEqual(t, files, []File{
		{Name: "password", Secret: true, Target: "/run/secrets/password", Source: Content{Path: "password.txt"}, Mode: 0o444},
		{Name: "token", Secret: true, Target: "/etc/token", Source: Content{Variable: "TOKEN"}, UID: 7, GID: 8, Mode: 0o400},
		{Name: "site", Target: "/site", Source: Content{Path: "site.conf"}, Mode: 0o444},
		{Name: "inline", Target: "/etc/inline", Source: Content{Inline: "a: t0ken"}, Mode: 0o444},
	})
	content, err := s.Content(files[1].Source)
	assert.NilError(t, err)
	assert.Equal(t, string(content), "t0ken")
	for _, show := range []func() ([]byte, error){s.YAML, s.JSON, s.Canonical} {
		text, err := show()
		assert.NilError(t, err)
		assert.Assert(t, !strings.Contains(string(text), "s3cret"))
	}
}

// TestSecretsAreNoPartOfTheKey: configs are.
func TestSecretsAreNoPartOfTheKey(t *testing.T) {
	text := "services: {web: {image: nginx, secrets: [p], configs: [c]}}\nsecrets: {p: {file: p}}\nconfigs: {c: {file: c}}\n"
	key := func(p, c string) string {
		b, err := loadProject(t, Options{}, "compose.yaml", text, "p", p, "c", c).Canonical()
		assert.NilError(t, err)
		return string(b)
	}
	assert.Equal(t, key("1", "1"), key("2", "1"))
	assert.Assert(t, key("1", "1") != key("1", "2"))
}
