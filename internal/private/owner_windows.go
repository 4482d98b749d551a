package private

import "io/fs"

// checkOwner checks nothing: the folder is in the user's profile, whose access list keeps others out.
func checkOwner(fs.FileInfo) error { return nil }
