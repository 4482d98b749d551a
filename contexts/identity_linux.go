package contexts

import (
	"io/fs"
	"syscall"
)

// identityOf returns what identifies a file on disk, and whether the file is on disk.
func identityOf(info fs.FileInfo) (identity, bool) {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return identity{}, false
	}
	return identity{uint64(st.Dev), st.Ino, st.Size, st.Mtim.Nano(), st.Ctim.Nano()}, true //nolint:unconvert // narrower on other architectures
}
