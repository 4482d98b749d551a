// Package contexts makes the build contexts of a stack: what BuildKit is given to build its images from. It is not part
// of the API: programs use package bmo.
//
// # Trees
//
// A [Tree] is one build context, an immutable list of files with a digest of their content. Trees come from a folder on
// disk, from an [io/fs.FS] (a built-in stack), from a Git URL, from generated files, or are empty. They may be narrowed
// by patterns, made from one another, and replaced by the user. They need not be in or below the Dockerfile's folder.
//
// [Load] makes all trees of a stack. It names them so:
//
//	NAME               a named context, seen by every Dockerfile of the stack
//	service/NAME       the build context of a service
//	service/NAME/EXTRA an additional named context of that service alone
//	dockerfile/NAME    the Dockerfile of a service and its .dockerignore
//
// # The digest
//
// The digest of a tree is the SHA-256 of this encoding: the line "docker-bmo tree v1", then each entry in transfer
// order. An entry is a byte for its kind, its path, and its content:
//
//	'd' PATH          a folder, also an empty one
//	'f' PATH SUM      a file, SUM is the SHA-256 of its content (32 bytes)
//	'x' PATH SUM      a file that its owner may execute
//	'l' PATH TARGET   a symbolic link, which is never followed
//
// PATH and TARGET are byte strings, each preceded by its length as an unsigned varint. PATH is relative and has
// slashes. In transfer order a folder comes before its content, and names within one folder are compared byte by byte.
// Times, owners, further mode bits, extended attributes and hard links do not count, nor does the umask.
//
// # The transfer
//
// [Tree.FS] is what BuildKit receives: exactly the entries that the digest covers, with everything else made uniform:
// modes 0755 for folders and executable files, 0644 for other files, owner 0:0, no extended attributes. Folders and
// links have one fixed time. The time of a file is a function of its content, somewhere between 1985 and 2002: BuildKit
// decides by size and time whether it already has a file, so that with one time for all it would miss a change that
// leaves the size the same. It is never 0, which some programs take to mean "no such file".
//
// What is sent is checked against what was hashed. A file that has changed in the meantime ends the transfer with an
// error, see [Result.Watch].
//
// # Patterns
//
// Include and exclude take the patterns of a .dockerignore. Include keeps what matches, with everything below a folder
// that matches; exclude then removes. The .dockerignore of a folder or a source tree counts for each context made from
// it, unless the context says otherwise; then the file itself is left out, since BuildKit would apply it.
//
// # The cache
//
// The folder given as [Options.Cache] holds checkouts of Git URLs by commit and a file that maps a file's identity
// (device, inode, size, times) to its digest, so that an unchanged tree is not read again. Both may be deleted at any
// time.
package contexts
