package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/instance/instancetest"
	"github.com/docker-bmo/docker-bmo/snapshot"
)

// Keys that cosign 2.6.1 has made; the password is of-the-tests.
const (
	privateKey = "../../attest/testdata/cosign.key"
	publicKey  = "../../attest/testdata/cosign.pub"
)

// TestSignAndVerify: what is signed is pulled with --verify; what is not signed is refused by pull and not taken by build,
// and mistakes with keys are said before the engine is asked.
func TestSignAndVerify(t *testing.T) {
	x := newTerminal(t)
	repository, _ := newRepository(t)
	x.current()
	at(time.Now().Add(time.Hour))
	says := func(code int, want string, args ...string) {
		t.Helper()
		assert.Equal(t, x.run(args...), code, "%v: %s", args, x.err)
		assert.Assert(t, strings.Contains(x.err, want), x.err)
	}
	t.Setenv("COSIGN_PASSWORD", "wrong")
	says(1, "the password is wrong", "push", "--sign", privateKey, "--stack", x.file, repository)
	t.Setenv("COSIGN_PASSWORD", "of-the-tests")
	says(1, "it is a public key", "push", "--sign", publicKey, "--stack", x.file, repository)
	says(1, "it is a private key", "pull", "--verify", privateKey, "--stack", x.file, repository)
	says(1, "no such file", "pull", "--verify", "no.pub", "--stack", x.file, repository)
	says(1, "keys that awskms keeps", "pull", "--verify", "awskms:///alias/x", "--stack", x.file, repository)
	says(1, "no variable NO_KEY", "pull", "--verify", "env://NO_KEY", "--stack", x.file, repository)
	says(1, "--push", "build", "--sign", privateKey, "--stack", x.file, "--repository", repository)

	says(1, `mode is "max"`, "push", "--provenance", "mode=max", "--stack", x.file, repository)
	says(1, "what is pushed is attested", "build", "--provenance", "true", "--stack", x.file, "--repository", repository)
	says(0, "pushed to", "push", "--progress", "plain", "--provenance=false", "--stack", x.file, repository)
	says(0, "already", "push", "--progress", "plain", "--stack", x.file, repository)
	says(0, "pushed to", "push", "--progress", "plain", "--provenance=true", "--stack", x.file, repository)
	says(0, "already", "push", "--progress", "plain", "--attest", "type=provenance", "--stack", x.file, repository)
	signer := x.docker.Fake
	other := func() { // an engine with nothing on it
		x.docker.Fake = instancetest.New(t)
		x.SetPrograms(shopPrograms)
	}
	other()
	assert.Equal(t, x.run("pull", "--progress", "plain", "--stack", x.file, "--verify", publicKey, repository), 1)
	x.golden("repository-pull-unsigned")
	t.Setenv("DOCKER_BMO_VERIFY", publicKey)
	assert.Assert(t, x.run("build", "--progress", "plain", "--stack", x.file, "--repository", repository) != 0) // the fake cannot build
	assert.Assert(t, strings.Contains(x.err, "warning: the snapshot is not taken from its repository: "), x.err)
	assert.Assert(t, strings.Contains(x.err, "it is not signed"), x.err)

	x.docker.Fake = signer
	says(0, "pushed to", "push", "--progress", "plain", "--stack", x.file, "--sign", privateKey, repository)
	inspect := []string{"snapshot", "inspect", "--repository", repository, "--format", "{{.Signatures}} {{range .Attestations}}{{.Predicates}}{{end}} {{.Stack}}"}
	listed := strings.Fields(func() string { x.run("snapshot", "ls", "-q", "--repository", repository); return x.out }())
	assert.Equal(t, x.run(append(inspect, listed...)...), 0, x.err)
	assert.Assert(t, strings.HasPrefix(x.out, "1 [https://slsa.dev/provenance/v1 https://github.com/docker-bmo/docker-bmo/snapshot/v1]["), x.out)
	says(0, "already", "push", "--progress", "plain", "--stack", x.file, "--sign", privateKey, repository)
	key, err := os.ReadFile(privateKey)
	assert.NilError(t, err)
	t.Setenv("COSIGN_PRIVATE_KEY", string(key))
	says(0, "already", "build", "--progress", "plain", "--stack", x.file, "--repository", repository, "--push", "--sign", "env://COSIGN_PRIVATE_KEY")
	other()
	says(0, "pulled in", "build", "--progress", "plain", "--stack", x.file, "--repository", repository)
	other()
	says(0, "pulled in", "pull", "--progress", "plain", "--stack", x.file, repository)
	other()
	garbage := filepath.Join(t.TempDir(), "garbage.pub")
	assert.NilError(t, os.WriteFile(garbage, []byte("x"), 0o600))
	says(1, "it has no PEM block", "pull", "--stack", x.file, "--verify", garbage, repository)
	t.Setenv("DOCKER_BMO_VERIFY", garbage)
	says(1, "DOCKER_BMO_VERIFY: key", "pull", "--stack", x.file, repository)
}

// TestVerifyByKey: run takes no unsigned snapshot by its key either.
func TestVerifyByKey(t *testing.T) {
	x := newTerminal(t)
	repository, _ := newRepository(t)
	made := x.addSnapshot(snapshot.Snapshot{Key: key("a"), Inputs: key("2"), Stack: "shop", Created: instancetest.Noon.Add(-time.Hour)}, nil)
	assert.Equal(t, x.run("push", made.Key, repository), 0, x.err)
	x.docker.Fake = instancetest.New(t)
	x.SetPrograms(shopPrograms)
	assert.Equal(t, x.run("run", "-d", "-q", "--stack", x.file, "--snapshot", made.Key, "--repository", repository, "--verify", publicKey), exitEngine)
	assert.Assert(t, strings.Contains(x.err, "it is not signed"), x.err)
}
