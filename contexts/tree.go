package contexts

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/opencontainers/go-digest"
	"github.com/tonistiigi/fsutil"
)

// A Tree is one build context: an immutable list of files with a digest of their content.
type Tree struct {
	entries []entry // in transfer order
	digest  digest.Digest
	fault   *fault
}

// Set holds trees by name.
type Set map[string]*Tree

// An entry is a node at its path in a tree.
type entry struct {
	path string
	*node
	time int64 // as an image gets it, in nanoseconds since 1970
}

// newTree takes nodes that are already hashed.
func newTree(entries []entry) *Tree {
	slices.SortFunc(entries, func(a, b entry) int { return fsutil.ComparePath(a.path, b.path) })
	setTimes(entries)
	return &Tree{entries: entries, digest: digestOf(entries), fault: &fault{}}
}

// generated returns a tree of files that exist nowhere else, by path with slashes.
func generated(files map[string][]byte) (*Tree, error) {
	nodes := map[string]*node{}
	for name, data := range files {
		if !fs.ValidPath(name) || name == "." {
			return nil, fmt.Errorf("invalid path %q of a generated file", name)
		}
		nodes[name] = generatedNode(data)
	}
	for name := range files {
		for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
			if n, ok := nodes[dir]; ok && n.kind != kindDir {
				return nil, fmt.Errorf("generated file %q lies below another, %q", name, dir)
			}
			nodes[dir] = &node{kind: kindDir, mode: 0o755}
		}
	}
	entries := make([]entry, 0, len(nodes))
	for name, n := range nodes {
		entries = append(entries, entry{path: name, node: n})
	}
	return newTree(entries), nil
}

// Digest identifies the tree's content. The package documentation says what it covers.
func (t *Tree) Digest() digest.Digest { return t.digest }

// file finds a regular file by its path.
func (t *Tree) file(name string) (entry, error) {
	i, ok := slices.BinarySearchFunc(t.entries, strings.TrimPrefix(name, "/"), func(e entry, p string) int {
		return fsutil.ComparePath(e.path, p)
	})
	if !ok {
		return entry{}, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	if e := t.entries[i]; e.kind == kindFile {
		return e, nil
	}
	return entry{}, &fs.PathError{Op: "open", Path: name, Err: errors.New("not a regular file")}
}
