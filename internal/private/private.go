// Package private makes and checks folders in which a user's programs keep what others must neither read nor change.
package private

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// Dir makes a folder for this user alone if it is not there, and checks one that is, as Check does.
func Dir(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return Check(dir)
}

// Check returns an error for a folder in which what is written, or removed, may be elsewhere: it must be a folder, not a
// link to one, belong to this user, and not be writable by everybody. One that is not there is fine.
func Check(dir string) error {
	info, err := os.Lstat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return check(dir, info)
}

func check(dir string, info fs.FileInfo) error {
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		return fmt.Errorf("%s is a link", dir)
	case !info.IsDir():
		return fmt.Errorf("%s is not a folder", dir)
	}
	if err := checkOwner(info); err != nil {
		return fmt.Errorf("%s %w", dir, err)
	}
	return nil
}

// What checkOwner finds.
var (
	errForeign = errors.New("belongs to another user")
	errShared  = errors.New("can be written to by everybody")
)
