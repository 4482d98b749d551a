//go:build !windows

package bmo

import "golang.org/x/sys/unix"

// freeSpace returns how much of the disk of a folder is free, in bytes.
func freeSpace(dir string) (int64, error) {
	var st unix.Statfs_t
	if dir == "" {
		return 0, errNoSpaceKnown
	}
	if err := unix.Statfs(dir, &st); err != nil {
		return 0, err
	}
	return int64(st.Bavail) * int64(st.Bsize), nil //nolint:unconvert,nolintlint // the types differ from system to system
}
