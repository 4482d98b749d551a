package contexts

import (
	"bytes"
	"path"
	"path/filepath"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

// withoutOwnFiles removes the stack's own files from the build context of a service, unless its Dockerfile takes them
// from there: what they say counts anyway, and a comment in them is nothing to build for.
func (l *loader) withoutOwnFiles(s selection, d dir, dockerfile []byte) (selection, error) {
	if d.fsys != nil || l.stack.Dir == "" {
		return s, nil
	}
	var drop []string
	for _, name := range l.ownFiles(d.path) {
		if !mayTake(dockerfile, name) {
			drop = append(drop, name)
		}
	}
	return s.narrow(nil, drop)
}

// ownFiles returns the stack's own files in a folder, by their paths from there. One whose name would be a pattern is
// left out.
func (l *loader) ownFiles(folder string) (list []string) {
	folder = resolved(folder)
	for _, name := range append([]string{filepath.Join(l.stack.Dir, ".env")}, l.stack.Files...) {
		if !filepath.IsAbs(name) {
			name = filepath.Join(l.workDir, name)
		}
		rel, err := filepath.Rel(folder, filepath.Join(resolved(filepath.Dir(name)), filepath.Base(name)))
		if err == nil && filepath.IsLocal(rel) && !strings.ContainsAny(rel, `*?[\!#`) {
			list = append(list, filepath.ToSlash(rel))
		}
	}
	return list
}

// resolved returns a folder without links in its path, or as it is if that cannot be had.
func resolved(folder string) string {
	if at, err := filepath.EvalSymlinks(folder); err == nil {
		return at
	}
	return folder
}

// mayTake reports whether a Dockerfile may take a file from its build context: where in doubt, it does.
func mayTake(dockerfile []byte, file string) bool {
	if ref, _, _, ok := parser.DetectSyntax(dockerfile); ok && !strings.HasPrefix(ref, "docker/dockerfile:") {
		return true
	}
	parsed, err := parser.Parse(bytes.NewReader(dockerfile))
	if err != nil {
		return true
	}
	stages, _, err := instructions.Parse(parsed.AST, nil)
	if err != nil {
		return true
	}
	for _, stage := range stages {
		for _, c := range stage.Commands {
			for _, source := range sourcesOf(c) {
				if matches(source, file) {
					return true
				}
			}
		}
	}
	return false
}

// sourcesOf returns what a command of a Dockerfile takes from the build context.
func sourcesOf(c instructions.Command) []string {
	switch c := c.(type) {
	case *instructions.CopyCommand:
		if c.From == "" {
			return c.SourcePaths
		}
	case *instructions.AddCommand:
		return c.SourcePaths
	case *instructions.RunCommand:
		return mountedBy(c)
	case *instructions.OnbuildCommand:
		return []string{"."} // for a later stage: what it would take is read only there
	}
	return nil
}

// mountedBy returns what a RUN command mounts from the build context.
func mountedBy(c *instructions.RunCommand) (list []string) {
	asWritten := func(word string) (string, error) { return word, nil }
	if err := c.Expand(asWritten); err != nil { // which is what reads mounts
		return []string{"."}
	}
	for _, m := range instructions.GetMounts(c) {
		if m.Type == instructions.MountTypeBind && m.From == "" {
			list = append(list, m.Source)
		}
	}
	return list
}

// matches reports whether what a Dockerfile names may be a file, or a folder that it is in.
func matches(source, file string) bool {
	if strings.ContainsAny(source, `$[\`) || strings.Contains(source, "**") {
		return true
	}
	if source = strings.TrimPrefix(path.Clean("/"+source), "/"); source == "" {
		return true
	}
	for at := file; at != "."; at = path.Dir(at) {
		if ok, err := path.Match(source, at); ok || err != nil {
			return true
		}
	}
	return false
}
