package build

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/moby/buildkit/session/secrets"
	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/stack"
)

// TestSecretsAreThoseOfTheFlagsThenOfTheStack: by id, as they are when RUN asks for them.
func TestSecretsAreThoseOfTheFlagsThenOfTheStack(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "npmrc")
	assert.NilError(t, os.WriteFile(file, []byte("from a file"), 0o600))
	t.Setenv("TOKEN", "from the environment")
	t.Setenv("plain", "by its id")
	access, err := ParseAccess([]string{"id=npmrc,src=" + file, "id=token,env=TOKEN", "id=again,type=env,src=TOKEN", "id=plain"}, nil)
	assert.NilError(t, err)
	st := &stack.Stack{Dir: dir, Variables: map[string]string{"V": "the stack's variable"}}
	store := secretStore{Request{Stack: st, Access: access}, map[string]stack.Content{
		"npmrc": {Inline: "not this one"}, "own": {Path: "npmrc"}, "variable": {Variable: "V"}, "gone": {Variable: "W"},
	}}
	for id, want := range map[string]string{
		"npmrc": "from a file", "token": "from the environment", "again": "from the environment", "plain": "by its id",
		"own": "from a file", "variable": "the stack's variable",
	} {
		got, err := store.GetSecret(t.Context(), id)
		assert.NilError(t, err, id)
		assert.Equal(t, string(got), want, id)
	}
	_, err = store.GetSecret(t.Context(), "nothing")
	assert.ErrorIs(t, err, secrets.ErrNotFound)
	_, err = store.GetSecret(t.Context(), "gone")
	assert.Error(t, err, "environment variable W is not set")
}

func TestAccessThatIsNone(t *testing.T) {
	for _, test := range []struct{ secret, ssh, want string }{
		{secret: "npmrc", want: `invalid --secret "npmrc": "npmrc" is not KEY=VALUE`},
		{secret: "src=x", want: `invalid --secret "src=x": it has no id`},
		{secret: "id=x,file=y", want: `invalid --secret "id=x,file=y": unknown key "file": want id, src, env or type`},
		{secret: "id=x,type=z", want: `invalid --secret "id=x,type=z": unknown type "z": want file or env`},
		{secret: "id=x,src=/nowhere/x", want: "invalid --secret: failed to stat /nowhere/x: stat /nowhere/x: no such file or directory"},
		{ssh: "default=a,raw=maybe", want: `invalid --ssh: invalid value for 'raw': maybe: strconv.ParseBool: parsing "maybe": invalid syntax`},
	} {
		var secrets, ssh []string
		if test.secret != "" {
			secrets = []string{test.secret}
		} else {
			ssh = []string{test.ssh}
		}
		_, err := ParseAccess(secrets, ssh)
		assert.Error(t, err, test.want)
	}
}

// TestNoSSHAgent: only a build that needs one asks for it.
func TestNoSSHAgent(t *testing.T) {
	t.Setenv("SSH_AUTH_SOCK", "")
	r := Request{Stack: &stack.Stack{}}
	web := target{services: []string{"web"}, service: stack.Service{Name: "web", Build: &stack.Build{}}}
	list, err := r.attach(web)
	assert.NilError(t, err)
	assert.Equal(t, len(list), 1) // secrets alone
	web.service.Build.SSH = []string{"default"}
	_, err = r.attach(web)
	assert.ErrorContains(t, err, "SSH for builds: ")
	assert.Equal(t, len(hint.All(err)), 1)
}
