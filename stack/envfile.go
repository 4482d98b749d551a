package stack

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"

	"github.com/compose-spec/compose-go/v2/dotenv"
	"github.com/compose-spec/compose-go/v2/types"
)

// readDotenv reads the .env file next to the Compose file, as Compose does: it gives a value to variables that have
// none otherwise.
func (v *variables) readDotenv(t *tree) {
	content, err := t.read(".env")
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	var env map[string]string
	if err == nil {
		env, err = dotenv.ParseWithLookup(bytes.NewReader(content), mapLookup(v.environ))
	}
	if err != nil {
		v.problems.add("", fmt.Sprintf("cannot read .env: %v", err), "")
		return
	}
	maps.Copy(env, v.environ)
	v.environ = env
}

func mapLookup(m map[string]string) dotenv.LookupFn {
	return func(name string) (string, bool) {
		value, ok := m[name]
		return value, ok
	}
}

// environment returns what a service is started with: its env files, then its environment on top. A name without a
// value takes that of the variable of the same name, and is left out when there is no such variable.
func (l *loading) environment(path string, cfg types.ServiceConfig) map[string]string {
	env := map[string]string{}
	for i, file := range cfg.EnvFiles {
		vars, err := l.envFile(file)
		if err != nil {
			l.problems.add(fmt.Sprintf("%s.env_file[%d]", path, i), err.Error(), "")
		}
		maps.Copy(env, vars)
	}
	for name, value := range cfg.Environment {
		if value != nil {
			env[name] = *value
			continue
		}
		delete(env, name)
		if value, ok := l.vars.lookup(name); ok {
			env[name] = value
		}
	}
	return env
}

func (l *loading) envFile(file types.EnvFile) (map[string]string, error) {
	content, err := l.tree.read(file.Path)
	if errors.Is(err, fs.ErrNotExist) && !bool(file.Required) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return dotenv.ParseWithLookup(bytes.NewReader(content), l.vars.lookup)
}
