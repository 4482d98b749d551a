package stack

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
)

// Content returns what a secret or a config of the stack contains, as it is now.
func (s *Stack) Content(c Content) ([]byte, error) {
	switch {
	case c.Variable != "":
		value, ok := s.Variables[c.Variable]
		if !ok {
			return nil, fmt.Errorf("environment variable %s is not set", c.Variable)
		}
		return []byte(value), nil
	case c.Path == "":
		return []byte(c.Inline), nil
	case s.FS != nil:
		return fs.ReadFile(s.FS, path.Join(s.Path, c.Path))
	case filepath.IsAbs(c.Path):
		return os.ReadFile(c.Path)
	default:
		return os.ReadFile(filepath.Join(s.Dir, filepath.FromSlash(c.Path)))
	}
}
