package stack

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"text/template"

	"github.com/docker-bmo/docker-bmo/internal/hint"
)

// Vars are the fields that a template in url.environment and env may use.
type Vars struct {
	URL      string // http://HOST:PORT, without a slash at the end
	Host     string
	Port     string
	Instance string
	// Secrets are what {{.Secret "NAME"}} stands for; nil for new ones each time.
	Secrets *Secrets
}

// Secret returns the secret of a name.
func (v Vars) Secret(name string) (string, error) {
	if !secretName.MatchString(name) {
		return "", fmt.Errorf("invalid secret name %q", name)
	}
	return v.Secrets.value(name), nil
}

// varsHint names the fields of Vars.
const varsHint = `a template can use {{.URL}}, {{.Host}}, {{.Port}}, {{.Instance}} and {{.Secret "NAME"}}`

// Render returns the variables that the url's service is started with.
func (u URL) Render(v Vars) (map[string]string, error) {
	return render(extension+".url.environment", u.Environment, v)
}

// RenderEnv returns the variables that a test command is given.
func (s *Stack) RenderEnv(v Vars) (map[string]string, error) {
	return render(extension+".env", s.Env, v)
}

func render(path string, env map[string]string, v Vars) (map[string]string, error) {
	out := make(map[string]string, len(env))
	for _, name := range slices.Sorted(maps.Keys(env)) {
		value, err := renderValue(env[name], v)
		if err != nil {
			return nil, hint.Wrap(fmt.Errorf("%s.%s: %w", path, name, err), varsHint)
		}
		out[name] = value
	}
	return out, nil
}

func renderValue(text string, v Vars) (string, error) {
	t, err := template.New("value").Parse(text)
	if err != nil {
		return "", fmt.Errorf("bad template %q: %s", text, templateReason(err))
	}
	var b strings.Builder
	if err := t.Execute(&b, v); err != nil {
		return "", fmt.Errorf("bad template %q: %s", text, templateReason(err))
	}
	return b.String(), nil
}

var templateError = regexp.MustCompile(`^template: value:[0-9:]*(?: executing .*? at <.*?>:)? (.*?)(?: in type .*)?$`)

// templateReason is a template's error without the name and the position: they do not help with a text that is one line
// long and shown with it.
func templateReason(err error) string {
	if m := templateError.FindStringSubmatch(err.Error()); m != nil {
		return m[1]
	}
	return err.Error()
}
