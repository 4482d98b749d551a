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
//	mount/NAME/INDEX   what is copied in place of a bind mount of a service
//
// # The digest
//
// The digest of a tree is the SHA-256 of this encoding: the line "docker-bmo tree v2", then each entry in transfer
// order. An entry is a byte for its kind, its path, and its content:
//
//	'd' PATH MODE       a folder, also an empty one
//	'f' PATH MODE SUM   a file, SUM is the SHA-256 of its content (32 bytes)
//	'l' PATH TARGET     a symbolic link, which is never followed
//	'p' PATH MODE       a named pipe
//
// PATH and TARGET are byte strings, each preceded by its length as an unsigned varint. PATH is relative and has
// slashes. MODE is an unsigned varint, as chmod takes it. In transfer order a folder comes before its content, and names
// within one folder are compared byte by byte. Times, owners, extended attributes and hard links do not count. Sockets
// and devices are left out.
//
// Modes are those of the folder, but 0664 counts as 0644 and 0775 as 0755, so that the two usual umasks make no
// difference. In a built-in stack and in a checkout of a Git URL, whose modes and times are nobody's choice, all is 0755
// or 0644.
//
// # The transfer
//
// [Tree.FS] is what BuildKit receives: exactly the entries that the digest covers, with owner 0:0 and no extended
// attributes. Times have the order of those in the folder, and differ from them by less than a second: BuildKit decides
// by size and time whether it already has a file, so that with the folder's own it would miss a change that leaves both
// the same. What is in no folder of the user has one time, somewhere in 1985.
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
