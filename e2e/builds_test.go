package e2e

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh/agent"
	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/e2e/harness"
)

// building is the small application with further instructions at the end of its Dockerfile, none of which is in the
// engine's cache.
func building(t *testing.T, suffix string, changes harness.Edits, lines ...string) *harness.App {
	t.Helper()
	a := harness.NewMini(t, suffix, changes)
	a.Write(t, "Dockerfile", a.Read(t, "Dockerfile")+"RUN : "+a.Name+"\n"+strings.Join(lines, "\n")+"\n")
	return a
}

// in runs a command in a service's image of the stack's snapshot, without the stack.
func in(t *testing.T, a *harness.App, key, service, script string) string {
	t.Helper()
	return harness.Docker(t, "run", "--rm", "--entrypoint", "sh", a.Image(t, key, service), "-c", script)
}

// A key file of 0600 was readable by all, and make built anew what was up to date. A server's socket in the tree stopped
// the build.
func TestModesAndTimesArrive(t *testing.T) {
	harness.OnOneEngine(t)
	t.Parallel()
	a := building(t, "modes", nil, "COPY <<EOF /heredoc", "of syntax 1.4", "EOF", "COPY . /all",
		`RUN test "$(stat -c %a /all/key /all/tool /all/drop /all/group | xargs)" = "600 4755 1777 644"`,
		`RUN [ /all/parser.c -nt /all/parser.y ] && [ ! /all/parser.y -nt /all/parser.c ]`, `RUN test -p /all/pipe`)
	a.Write(t, "Dockerfile", "# syntax=docker/dockerfile:1.4\n"+a.Read(t, "Dockerfile"))
	for _, name := range []string{"key", "tool", "parser.c", "parser.y", "group"} {
		a.Write(t, name, name)
	}
	at := func(name string) string { return filepath.Join(a.Dir, name) }
	assert.NilError(t, os.Mkdir(at("drop"), 0o755))
	for name, mode := range map[string]os.FileMode{"key": 0o600, "tool": 0o755 | os.ModeSetuid, "drop": 0o777 | os.ModeSticky, "group": 0o664} {
		assert.NilError(t, os.Chmod(at(name), mode))
	}
	now := time.Now()
	assert.NilError(t, os.Chtimes(at("parser.y"), now, now.Add(-time.Minute)))
	assert.NilError(t, os.Chtimes(at("parser.c"), now, now.Add(-time.Minute+time.Millisecond)))
	l, err := net.Listen("unix", at("s"))
	assert.NilError(t, err)
	defer l.Close()
	_, err = harness.Command("mkfifo", at("pipe"))
	assert.NilError(t, err)

	r := a.Do(t, "build", "--progress", "plain").OK(t)
	assert.Assert(t, strings.Contains(r.Stderr, "left out, since no image can hold it: socket s"), r.Stderr)
	assert.NilError(t, os.Chmod(at("group"), 0o644))
	assert.Equal(t, a.Build(t), r.Text())

	a.Write(t, "key", "yek")
	assert.NilError(t, os.Chtimes(at("key"), now, now))
	first := a.Build(t)
	assert.Equal(t, in(t, a, first, "web", "cat /all/key"), "yek")
	a.Write(t, "key", "kye") // the same size at the same time
	assert.NilError(t, os.Chtimes(at("key"), now, now))
	assert.Equal(t, in(t, a, a.Build(t), "web", "cat /all/key"), "kye")
}

// A private registry's token and a deploy key had to be copied into the image.
func TestSecretsAndSSHForBuilds(t *testing.T) {
	harness.OnOneEngine(t)
	t.Parallel()
	list := `my $s = IO::Socket::UNIX->new($ENV{SSH_AUTH_SOCK}) or die; print {$s} pack("NC", 1, 11); read $s, my $a, 9; ` +
		`die unless unpack("x4CN", $a) == 12 && (unpack("x4CN", $a))[1] == 1`
	a := building(t, "secrets", nil,
		`RUN --mount=type=secret,id=npmrc,required=true --mount=type=secret,id=token,env=TOKEN `+
			`test "$(cat /run/secrets/npmrc) $TOKEN" = "from-file from-env"`,
		`RUN --mount=type=ssh,required=true perl -MIO::Socket::UNIX -e '`+list+`'`)
	file := filepath.Join(t.TempDir(), "npmrc")
	assert.NilError(t, os.WriteFile(file, []byte("from-file"), 0o600))
	a.CLI.Env = []string{"TOKEN=from-env", "SSH_AUTH_SOCK=" + sshAgent(t)}

	a.Do(t, "build", "-q").Fails(t, 1, "npmrc", "--secret")
	a.Do(t, "build", "-q", "--secret", "id=npmrc,src="+file, "--secret", "id=token,env=TOKEN").Fails(t, 1, "--ssh")
	key := a.Build(t, "--secret", "id=npmrc,src="+file, "--secret", "id=token,env=TOKEN", "--ssh", "default")
	assert.Equal(t, a.Build(t), key) // found without them: they are no part of it
	found := in(t, a, key, "web", `grep -rlE 'from-(file|env)' /etc /srv /root /run /tmp; env | grep -c from-env || true`)
	assert.Equal(t, strings.TrimSpace(found), "0")

	a.Edit(t, harness.Edits{
		"secrets":                    map[string]any{"npmrc": map[string]any{"file": file}, "token": map[string]any{"environment": "TOKEN"}},
		"services.web.build.secrets": []string{"npmrc", "token"}, "services.web.build.ssh": []string{"default"},
	})
	a.Build(t, "--no-cache")
}

// sshAgent starts an agent with one key and returns its socket.
func sshAgent(t *testing.T) string {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	assert.NilError(t, err)
	ring := agent.NewKeyring()
	assert.NilError(t, ring.Add(agent.AddedKey{PrivateKey: key}))
	dir, err := os.MkdirTemp("", "agent") // the path of a socket has to be short
	assert.NilError(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	l, err := net.Listen("unix", filepath.Join(dir, "s"))
	assert.NilError(t, err)
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				_ = agent.ServeAgent(ring, c) // ends with the connection
			}()
		}
	}()
	return l.Addr().String()
}

// Behind a proxy no package could be installed, unless by a build argument, which made another snapshot.
func TestProxiesOfTheDockerConfiguration(t *testing.T) {
	harness.OnOneEngine(t)
	t.Parallel()
	a := building(t, "proxies", nil, `RUN test "$HTTP_PROXY $http_proxy" = "http://proxy.test:3128 http://proxy.test:3128"`)
	config := map[string]any{}
	b, err := os.ReadFile(filepath.Join(os.Getenv("DOCKER_CONFIG"), "config.json"))
	assert.NilError(t, err)
	assert.NilError(t, json.Unmarshal(b, &config))
	config["proxies"] = map[string]any{"default": map[string]string{"httpProxy": "http://proxy.test:3128"}}
	b, err = json.Marshal(config)
	assert.NilError(t, err)
	dir := t.TempDir()
	assert.NilError(t, os.WriteFile(filepath.Join(dir, "config.json"), b, 0o600))

	without := a.CLI
	a.CLI.Env = []string{"DOCKER_CONFIG=" + dir}
	key := a.Build(t)
	a.CLI = without
	assert.Equal(t, a.Build(t), key)
	assert.Assert(t, !strings.Contains(harness.Docker(t, "inspect", "--format", "{{.Config.Env}}", a.Image(t, key, "web")), "proxy"))
}

// A base image that several services begin from had to be built by hand before.
func TestImageOfAnotherServiceAsContext(t *testing.T) {
	harness.OnOneEngine(t)
	t.Parallel()
	a := building(t, "service", harness.Edits{
		"services.base.build":      map[string]any{"dockerfile_inline": "FROM debian:trixie-slim\nWORKDIR /made\nRUN echo made >/made/here\n"},
		"services.base.entrypoint": []string{"sleep", "infinity"}, "services.base.init": true,
		"services.base.x-bmo":                    map[string]any{"snapshot": false},
		"services.web.build.additional_contexts": map[string]any{"debian:trixie-slim": "service:base"},
	}, `RUN test "$(pwd)" = /made && test -e here`)
	key := a.Build(t)
	assert.Equal(t, in(t, a, key, "web", "cat /made/here"), "made")
}

// What Compose mounts is in the snapshot: the project's files as they are, and what the image has where a volume is.
func TestImagesHaveWhatIsMounted(t *testing.T) {
	t.Parallel()
	a := building(t, "mounts", harness.Edits{
		"services.web.volumes": []any{
			"../shared:/srv/shared", "./nowhere:/empty", "./one.conf:/etc/one.conf", "/srv/shared/modules", "/srv/shared/none",
			"data:/data",
			map[string]any{"type": "volume", "source": "bare", "target": "/bare", "volume": map[string]any{"nocopy": true}},
		},
		"volumes": map[string]any{"data": nil, "bare": nil},
	},
		"RUN mkdir -p /srv/shared/modules/m /data /bare/x /owned /etc/one.conf && touch /srv/shared/hidden /data/d",
		"RUN chown 7:8 /srv/shared/modules /data /owned", "VOLUME /owned /declared/here")
	a.Write(t, "one.conf", "one")
	a.Write(t, ".dockerignore", "*\n!server.pl\n!first-run.sh\n")
	key := a.Build(t)
	got := in(t, a, key, "web", `cd / && stat -c '%n %U:%g %a %F' srv/shared/* srv/shared/modules/m empty etc/one.conf data data/d bare owned declared/here;`+
		` ls -A empty bare declared/here; cat etc/one.conf`)
	assert.Equal(t, got, strings.TrimSpace(`
srv/shared/greeting root:0 644 regular file
srv/shared/modules lp:8 755 directory
srv/shared/none root:0 755 directory
srv/shared/modules/m root:0 755 directory
empty root:0 755 directory
etc/one.conf root:0 644 regular file
data lp:8 755 directory
data/d root:0 644 regular empty file
bare root:0 755 directory
owned lp:8 755 directory
declared/here root:0 755 directory
bare:

declared/here:

empty:
one`))

	a.Write(t, "../shared/greeting", "changed\n")
	changed := a.Build(t)
	assert.Assert(t, changed != key)
	assert.Equal(t, in(t, a, changed, "web", "cat /srv/shared/greeting"), "changed")
}
