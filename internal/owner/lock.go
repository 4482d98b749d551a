package owner

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/docker-bmo/docker-bmo/internal/private"
)

// suffix ends the names of locks.
const suffix = ".lock"

// held are the locks of this process by folder. They are files that stay open until it ends, however it ends; a file that
// nothing refers to would be closed.
var held struct {
	sync.Mutex
	locks map[string]*os.File
}

// Hold returns the name of a lock that this process holds from now on in a folder, which is made if it is not there. The
// system gives the lock back when the process ends, and so others on the same machine can see that.
func Hold(dir string) (name string, err error) {
	held.Lock()
	defer held.Unlock()
	if f := held.locks[dir]; f != nil {
		return nameOf(f), nil
	}
	if err := private.Dir(dir); err != nil {
		return "", err
	}
	tidy(dir)
	f, err := os.OpenFile(filepath.Join(dir, rand.Text()+suffix), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", err
	}
	if err := lockFile(f, true); err != nil {
		_ = f.Close()
		_ = os.Remove(f.Name())
		return "", err
	}
	if held.locks == nil {
		held.locks = map[string]*os.File{}
	}
	held.locks[dir] = f
	return nameOf(f), nil
}

func nameOf(f *os.File) string {
	name := filepath.Base(f.Name())
	return name[:len(name)-len(suffix)]
}

// tryLock reports whether a lock is held. It is Unknown without such a file, and when the system does not say.
func tryLock(dir, name string) State {
	if dir == "" || name == "" || filepath.Base(name) != name {
		return Unknown
	}
	f, err := os.Open(filepath.Join(dir, name+suffix))
	if err != nil {
		return Unknown
	}
	defer f.Close()
	switch err := lockFile(f, false); {
	case err == nil:
		return Gone
	case isHeld(err):
		return Alive
	default:
		return Unknown
	}
}

// tidy removes locks that nobody holds and that are older than Foreign: after that, nothing depends on them.
func tidy(dir string) {
	old, _ := filepath.Glob(filepath.Join(dir, "*"+suffix))
	for _, path := range old {
		fi, err := os.Lstat(path)
		if err != nil || !fi.Mode().IsRegular() || time.Since(fi.ModTime()) < Foreign {
			continue
		}
		name := filepath.Base(path)
		if tryLock(dir, name[:len(name)-len(suffix)]) == Gone {
			_ = os.Remove(path)
		}
	}
}

// TryLock takes the lock that a file stands for, which is made if it is not there. release gives it back; it is nil when
// another process has the lock.
func TryLock(path string) (release func(), err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := lockFile(f, true); err != nil {
		_ = f.Close()
		if isHeld(err) {
			return nil, nil
		}
		return nil, err
	}
	return func() { _ = f.Close() }, nil
}
