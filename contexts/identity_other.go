//go:build !linux && !darwin

package contexts

import "io/fs"

// identityOf knows no identity to rely on here: every file is read every time.
func identityOf(fs.FileInfo) (identity, bool) { return identity{}, false }
