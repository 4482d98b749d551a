package journal

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// lockAt is where the locked byte is: far past the end, since others could not read a part that is locked.
const lockAt = 1 << 30

// tryLock takes the lock on a record that its writer has as long as it lives. It is the kernel that lets go of it.
func tryLock(f *os.File) (bool, error) { return lockFile(f, windows.LOCKFILE_EXCLUSIVE_LOCK) }

// tryShare takes the lock as those have it who go on with a record that another process has begun; who has it alone may lose
// it by that.
func tryShare(f *os.File) (bool, error) {
	unlock(f)
	return lockFile(f, 0)
}

func lockFile(f *os.File, how uint32) (bool, error) {
	err := windows.LockFileEx(windows.Handle(f.Fd()), how|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, &windows.Overlapped{OffsetHigh: lockAt})
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return false, nil
	}
	return err == nil, err
}

func unlock(f *os.File) {
	_ = windows.UnlockFileEx(windows.Handle(f.Fd()), 0, 1, 0, &windows.Overlapped{OffsetHigh: lockAt})
}
