package stack

import (
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/internal/hint"
)

func TestRender(t *testing.T) {
	s, err := loadText(t, notes, Options{})
	assert.NilError(t, err)
	v := Vars{URL: "http://127.0.0.1:32768", Host: "127.0.0.1", Port: "32768", Instance: "notes-1"}

	env, err := s.URL.Render(v)
	assert.NilError(t, err)
	assert.DeepEqual(t, env, map[string]string{"URLBASE": "http://127.0.0.1:32768/"})

	env, err = s.RenderEnv(v)
	assert.NilError(t, err)
	assert.DeepEqual(t, env, map[string]string{
		"NOTES_URL": "http://127.0.0.1:32768", "NOTES_KEY": "abc",
		"NOTES_HOST": "127.0.0.1:32768", "NOTES_INSTANCE": "notes-1",
	})

	env, err = (&Stack{}).RenderEnv(v)
	assert.NilError(t, err)
	assert.Equal(t, len(env), 0)
}

func TestRenderFails(t *testing.T) {
	u := URL{Environment: map[string]string{"A": "{{.URL}}", "B": "{{.Path}}"}}
	_, err := u.Render(Vars{})
	assert.Error(t, err, `x-bmo.url.environment.B: bad template "{{.Path}}": can't evaluate field Path`)
	assert.DeepEqual(t, hint.All(err), []string{`a template can use {{.URL}}, {{.Host}}, {{.Port}}, {{.Instance}} and {{.Secret "NAME"}}`})
}
