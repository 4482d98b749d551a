package stack

import (
	"crypto/rand"
	"regexp"
	"strings"
	"sync"
)

// Secrets are random values by name, each made when it is first asked for: those of one instance, or of one bootstrap. The
// zero value is ready to use. They are nowhere but in the environment of containers.
type Secrets struct {
	mu     sync.Mutex
	values map[string]string
}

// secretUse is how the environment of a service or a step asks for a secret. It is all that is replaced there: anything else
// in braces is the application's own.
var (
	secretUse  = regexp.MustCompile(`\{\{\s*\.Secret\s+"([A-Za-z0-9][A-Za-z0-9_.-]*)"\s*\}\}`)
	secretName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]*$`)
)

// Expand returns text with the secrets that {{.Secret "NAME"}} stands for.
func (s *Secrets) Expand(text string) string {
	if !strings.Contains(text, "{{") {
		return text
	}
	return secretUse.ReplaceAllStringFunc(text, func(use string) string {
		return s.value(secretUse.FindStringSubmatch(use)[1])
	})
}

// ExpandAll returns an environment with the secrets in its values.
func (s *Secrets) ExpandAll(env map[string]string) map[string]string {
	if len(env) == 0 {
		return env
	}
	out := make(map[string]string, len(env))
	for name, value := range env {
		out[name] = s.Expand(value)
	}
	return out
}

// value returns 26 letters and digits, 128 random bits, which need no quotes anywhere.
func (s *Secrets) value(name string) string {
	if s == nil {
		return rand.Text()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.values == nil {
		s.values = map[string]string{}
	}
	if s.values[name] == "" {
		s.values[name] = rand.Text()
	}
	return s.values[name]
}

// usesSecret reports whether a text asks for a secret.
func usesSecret(text string) bool { return secretUse.MatchString(text) }

// TellsSecrets reports whether a test command is given secrets of its instance.
func (s *Stack) TellsSecrets() bool {
	for _, value := range s.Env {
		if usesSecret(value) {
			return true
		}
	}
	return false
}
