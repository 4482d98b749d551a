package owner

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// lockFile locks a file without waiting: for this process alone, or together with others who only look.
func lockFile(f *os.File, alone bool) error {
	how := uint32(windows.LOCKFILE_FAIL_IMMEDIATELY)
	if alone {
		how |= windows.LOCKFILE_EXCLUSIVE_LOCK
	}
	return windows.LockFileEx(windows.Handle(f.Fd()), how, 0, 1, 0, &windows.Overlapped{})
}

// isHeld reports whether lockFile failed because another process holds the lock.
func isHeld(err error) bool { return errors.Is(err, windows.ERROR_LOCK_VIOLATION) }
