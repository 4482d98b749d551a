//go:build unix

package journal

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// tryLock takes the lock on a record that its writer has as long as it lives. It is the kernel that lets go of it.
func tryLock(f *os.File) (bool, error) { return flock(f, unix.LOCK_EX) }

// tryShare takes the lock as those have it who go on with a record that another process has begun; who has it alone may lose
// it by that.
func tryShare(f *os.File) (bool, error) { return flock(f, unix.LOCK_SH) }

func flock(f *os.File, how int) (bool, error) {
	for {
		err := unix.Flock(int(f.Fd()), how|unix.LOCK_NB)
		switch {
		case errors.Is(err, unix.EINTR):
		case errors.Is(err, unix.EWOULDBLOCK):
			return false, nil
		default:
			return err == nil, err
		}
	}
}

func unlock(f *os.File) { _ = unix.Flock(int(f.Fd()), unix.LOCK_UN) }
