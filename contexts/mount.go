package contexts

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"

	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/stack"
)

// MountFile is what the one file of a tree is called whose source is a file.
const MountFile = "file"

// MountTree returns the name of the tree of a service's mount.
func MountTree(service string, index int) string { return fmt.Sprintf("mount/%s/%d", service, index) }

// planMounts plans what is copied in place of a service's bind mounts: all that is there, whatever .dockerignore says.
func (l *loader) planMounts(svc stack.Service) error {
	for i, m := range svc.Mounts {
		if m.Source == "" {
			continue
		}
		s, err := l.mount(m.Source)
		if err != nil {
			return fmt.Errorf("bind mount %s: %w", m.Target, err)
		}
		name := MountTree(svc.Name, i)
		l.planned[name] = s
		l.result.Files[name] = s.only != ""
	}
	return nil
}

// mount returns a folder, or a single file. What is not there is an empty folder, as Compose makes one.
func (l *loader) mount(source string) (selection, error) {
	d, err := l.stackPath(source)
	if err != nil {
		return selection{}, err
	}
	info, err := d.stat(".")
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return selection{}, nil
	case err != nil:
		return selection{}, fmt.Errorf("%s: %s", d.show(), reason(err))
	case info.IsDir():
		from, err := l.openDir(d)
		return wholeOf(from), err
	case !info.Mode().IsRegular():
		return selection{}, hint.Wrap(fmt.Errorf("%s is a %s, which no image can hold", d.show(), special(info.Mode())),
			"an instance has a copy of what the project has there: leave this mount out")
	}
	return l.single(d)
}

// single is one file alone, which a link may lead to.
func (l *loader) single(d dir) (selection, error) {
	if d.ofUser() {
		target, err := filepath.EvalSymlinks(d.path)
		if err != nil {
			return selection{}, fmt.Errorf("%s: %s", d.show(), reason(err))
		}
		d.path = target
	}
	folder, name := filepath.Split(d.path)
	if !d.ofUser() {
		folder, name = path.Dir(d.path), path.Base(d.path)
	}
	d.path = filepath.Clean(folder)
	from, err := l.openDir(d)
	return selection{from: from, only: name}, err
}

// one returns the only entry of a selection that is a single file.
func (s selection) one() ([]entry, error) {
	n, err := s.from.node(s.only)
	if err != nil {
		return nil, err
	}
	return []entry{{path: MountFile, node: n}}, nil
}
