//go:build !windows

package private

import (
	"io/fs"
	"os"
	"syscall"
)

func checkOwner(info fs.FileInfo) error {
	if st, ok := info.Sys().(*syscall.Stat_t); ok && int(st.Uid) != os.Geteuid() {
		return errForeign
	}
	if info.Mode().Perm()&0o002 != 0 {
		return errShared
	}
	return nil
}
