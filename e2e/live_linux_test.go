package e2e

import (
	"cmp"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/e2e/harness"
)

// enginesOwn returns a folder that the engine has under the same name: one that was set up here sees its state folder only.
func enginesOwn(t *testing.T) string {
	t.Helper()
	state := cmp.Or(os.Getenv("DOCKER_BMO_STATE"), "/var/lib/docker-bmo-engine")
	if _, err := os.Stat(state); err != nil {
		return t.TempDir()
	}
	dir, err := os.MkdirTemp(state, "live-")
	assert.NilError(t, err)
	t.Cleanup(func() { assert.NilError(t, os.RemoveAll(dir)) })
	return dir
}

// With --live an edit is served at once, without another snapshot, and each Git worktree has its own instance.
func TestLiveServesAnEdit(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(enginesOwn(t), "shop")
	write := func(folder, text string) {
		t.Helper()
		assert.NilError(t, os.MkdirAll(filepath.Join(folder, "page"), 0o755))
		assert.NilError(t, os.WriteFile(filepath.Join(folder, "page/index"), []byte(text), 0o644))
	}
	write(dir, "first")
	for file, text := range map[string]string{
		"Dockerfile": "FROM debian:trixie-slim\nCOPY server.pl /server.pl\nENTRYPOINT [\"perl\", \"/server.pl\"]\n",
		"compose.yaml": "services:\n  web:\n    build: .\n    ports: [\"8000\"]\n    volumes: [\"./page:/page\"]\n" +
			"    x-bmo: {ready: {http: {port: 8000}}}\n",
		".dockerignore": "page\n.git\n",
		"server.pl": `use strict; use IO::Socket::INET; $SIG{TERM} = sub { exit 0 };
my $l = IO::Socket::INET->new(Listen => 9, LocalPort => 8000, ReuseAddr => 1) or die $!;
while (my $c = $l->accept) {
  while (defined(my $line = <$c>)) { last if $line =~ /^\r?\n/ }
  open my $f, '<', '/page/index' or die $!; my $text = do { local $/; <$f> };
  print $c "HTTP/1.0 200 OK\r\nContent-Length: " . length($text) . "\r\n\r\n$text"; close $c;
}
`,
	} {
		assert.NilError(t, os.WriteFile(filepath.Join(dir, file), []byte(text), 0o644))
	}
	git := func(args ...string) {
		t.Helper()
		cmd := exec.Command("git", append([]string{"-C", dir, "-c", "user.name=x", "-c", "user.email=x@example.com"}, args...)...)
		out, err := cmd.CombinedOutput()
		assert.NilError(t, err, string(out))
	}
	git("init", "-q")
	git("add", "-A")
	git("commit", "-qm", "x")
	tree := filepath.Join(filepath.Dir(dir), "feature")
	git("worktree", "add", "-q", tree)

	a := harness.NewExample(t, dir)
	other := *a
	other.Dir = tree
	key := a.Build(t)
	i := a.Runs(t, "--live")[0]
	j := other.Runs(t, "--live")[0]
	assert.Equal(t, harness.Get(t, i.URL), "first")
	write(dir, "second")
	assert.Equal(t, harness.Get(t, i.URL), "second", "an edit is served")
	assert.Equal(t, harness.Get(t, j.URL), "first", "and another worktree has its own files")
	assert.Assert(t, strings.Contains(j.Name, "-feature-"), j.Name)
	again := a.Runs(t, "--live")[0]
	assert.Equal(t, harness.Get(t, again.URL), "second")
	for _, k := range []harness.Started{i, j, again} {
		assert.Assert(t, strings.HasPrefix(k.Key, key), "no other snapshot is made")
	}
	copied := a.Runs(t)[0]
	assert.Assert(t, !strings.HasPrefix(copied.Key, key), "without --live an edit makes one")
	assert.Equal(t, harness.Get(t, copied.URL), "second")
}
