package stack

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"strings"
)

// builtInPrefix begins a path from the root of the built-in stacks, which a stack on disk can extend:
// builtin:mysql/service.yaml.
const builtInPrefix = "builtin:"

// BuiltIn returns a path that begins with "builtin:" as one from the root of the built-in stacks; ok is false for any other
// path.
func BuiltIn(name string) (within string, ok bool) {
	within, ok = strings.CutPrefix(filepath.ToSlash(name), builtInPrefix)
	if !ok {
		return "", false
	}
	return path.Clean(strings.TrimLeft(within, "/")), true
}

// builtInDir returns the folder of a file of the built-in stacks. The slash after the prefix keeps it in front of a path
// that leads out of the folder.
func builtInDir(within string) string { return builtInPrefix + "/" + path.Dir(within) }

// readBuiltIn reads a file of the built-in stacks.
func (t *tree) readBuiltIn(within string) ([]byte, error) {
	if t.builtIn == nil {
		return nil, fmt.Errorf("there are no built-in stacks to take %s from", within)
	}
	content, err := fs.ReadFile(t.builtIn, within)
	if errors.Is(err, fs.ErrNotExist) {
		entries, _ := fs.ReadDir(t.builtIn, ".")
		var names []string
		for _, e := range entries {
			names = append(names, e.Name())
		}
		return nil, fmt.Errorf("the built-in stacks have no file %s: their folders are %s", within, strings.Join(names, ", "))
	}
	if err != nil {
		return nil, fmt.Errorf("the built-in stacks: %w", err)
	}
	return content, nil
}
