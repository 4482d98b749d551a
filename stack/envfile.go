package stack

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"

	"github.com/compose-spec/compose-go/v2/dotenv"
	"github.com/compose-spec/compose-go/v2/types"

	"github.com/docker-bmo/docker-bmo/internal/regular"
)

// readEnvFiles reads the files that give a value to variables that have none otherwise: those that the user names, else
// the .env file next to the first Compose file, as Compose does. A folder of that name does not count.
func (v *variables) readEnvFiles(t *tree, files []string) {
	env := map[string]string{}
	if len(files) == 0 {
		v.readEnvFile(env, ".env", func() ([]byte, error) {
			content, err := t.read(".env")
			if errors.Is(err, fs.ErrNotExist) || t.isDir(".env") {
				return nil, nil
			}
			return content, err
		})
	}
	for _, file := range files {
		v.readEnvFile(env, file, func() ([]byte, error) { return regular.Read(file, maxFile) })
	}
	maps.Copy(env, v.environ)
	v.environ = env
}

// readEnvFile adds what a file says to env. It may refer to the environment, and to what was read before.
func (v *variables) readEnvFile(env map[string]string, name string, read func() ([]byte, error)) {
	content, err := read()
	var found map[string]string
	if err == nil {
		found, err = dotenv.ParseWithLookup(bytes.NewReader(content), func(name string) (string, bool) {
			if value, ok := v.environ[name]; ok {
				return value, ok
			}
			value, ok := env[name]
			return value, ok
		})
	}
	if err != nil {
		v.problems.add("", fmt.Sprintf("cannot read %s: %v", name, err), "")
		return
	}
	maps.Copy(env, found)
}

// envFileHint says what to do about an env file that cannot be read.
func envFileHint(err error) string {
	if !errors.Is(err, fs.ErrNotExist) {
		return ""
	}
	return "projects keep such files out of Git: make it, mostly from an example next to it; `required: false` does without"
}

// environment returns what a service is started with: its env files, then its environment on top. A name without a
// value takes that of the variable of the same name, and is left out when there is no such variable.
func (l *loading) environment(path string, cfg types.ServiceConfig) map[string]string {
	env := map[string]string{}
	for i, file := range cfg.EnvFiles {
		vars, err := l.envFile(file)
		if err != nil {
			l.problems.add(fmt.Sprintf("%s.env_file[%d]", path, i), err.Error(), envFileHint(err))
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
