package stack

import (
	"regexp"
	"testing"

	"gotest.tools/v3/assert"
)

func TestR17Secrets(t *testing.T) {
	one, other := &Secrets{}, &Secrets{}
	text := `key={{.Secret "key"}} other={{ .Secret "o.t-h_er" }} again={{.Secret "key"}} {{.URL}} {{ mine }} {{.Secret ""}}`
	got := one.Expand(text)
	m := regexp.MustCompile(`^key=([A-Z2-7]{26}) other=([A-Z2-7]{26}) again=([A-Z2-7]{26}) {{.URL}} {{ mine }} {{.Secret ""}}$`).FindStringSubmatch(got)
	assert.Assert(t, m != nil, got)
	assert.Assert(t, m[1] == m[3] && m[1] != m[2])
	assert.Equal(t, one.Expand(text), got)
	assert.Assert(t, other.Expand(text) != got)
	assert.Equal(t, one.Expand("plain"), "plain")
	assert.DeepEqual(t, one.ExpandAll(map[string]string{"K": `{{.Secret "key"}}`}), map[string]string{"K": m[1]})

	told, err := (&Stack{Env: map[string]string{"TOKEN": `{{.Secret "key"}}`}}).RenderEnv(Vars{Secrets: one})
	assert.NilError(t, err)
	assert.Equal(t, told["TOKEN"], m[1])
	_, err = (&Stack{Env: map[string]string{"TOKEN": `{{.Secret "a b"}}`}}).RenderEnv(Vars{})
	assert.ErrorContains(t, err, `invalid secret name "a b"`)
}
