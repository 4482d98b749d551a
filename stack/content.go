package stack

import (
	"fmt"
	"io/fs"
	"path"
	"path/filepath"

	"github.com/docker-bmo/docker-bmo/internal/regular"
)

// maxContent is the largest file that a secret or a config can be.
const maxContent = 64 << 20

// Content returns what a secret or a config of the stack contains, as it is now.
func (s *Stack) Content(c Content) ([]byte, error) {
	within, builtIn := BuiltIn(c.Path)
	switch {
	case c.Variable != "":
		value, ok := s.Variables[c.Variable]
		if !ok {
			return nil, fmt.Errorf("environment variable %s is not set", c.Variable)
		}
		return []byte(value), nil
	case c.Path == "":
		return []byte(c.Inline), nil
	case builtIn && s.BuiltIn != nil:
		return fs.ReadFile(s.BuiltIn, within)
	case s.FS != nil:
		return fs.ReadFile(s.FS, path.Join(s.Path, c.Path))
	case filepath.IsAbs(c.Path):
		return regular.Read(c.Path, maxContent)
	default:
		return regular.Read(filepath.Join(s.Dir, filepath.FromSlash(c.Path)), maxContent)
	}
}
