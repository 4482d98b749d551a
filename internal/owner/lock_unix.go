//go:build !windows

package owner

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// lockFile locks a file without waiting: for this process alone, or together with others who only look.
func lockFile(f *os.File, alone bool) error {
	how := unix.LOCK_SH
	if alone {
		how = unix.LOCK_EX
	}
	return unix.Flock(int(f.Fd()), how|unix.LOCK_NB)
}

// isHeld reports whether lockFile failed because another process holds the lock.
func isHeld(err error) bool { return errors.Is(err, unix.EWOULDBLOCK) }
