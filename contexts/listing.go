package contexts

import (
	"crypto/sha256"
	"encoding/binary"
	"strconv"
)

// File is a file, folder, link or named pipe of a tree.
type File struct {
	// Path is relative to the tree, with slashes.
	Path string
	// Type is f, d, l or p, and the mode as chmod takes it: "f644".
	Type string
	// Sum is the beginning of the digest of a file's content or of a link's target, 0 for a folder or a pipe. It tells what
	// has changed to somebody who knows that something has.
	Sum uint32
}

// Files lists what is in the tree, sorted by path as BuildKit sorts it.
func (t *Tree) Files() []File {
	list := make([]File, len(t.entries))
	for i, e := range t.entries {
		list[i] = File{Path: e.path, Type: string(e.kind) + strconv.FormatUint(unixMode(e.mode), 8)}
		switch e.kind {
		case kindFile:
			list[i].Sum = binary.BigEndian.Uint32(e.sum[:])
		case kindLink:
			sum := sha256.Sum256([]byte(e.target))
			list[i].Sum = binary.BigEndian.Uint32(sum[:])
		}
	}
	return list
}
