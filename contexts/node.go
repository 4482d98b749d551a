package contexts

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"runtime"
	"unicode/utf8"

	"github.com/docker-bmo/docker-bmo/internal/hint"
)

// kind is the first byte of an entry in the digest's encoding.
type kind byte

const (
	kindDir  kind = 'd'
	kindFile kind = 'f'
	kindLink kind = 'l'
	kindPipe kind = 'p'
)

// A node is a file, folder or link of a cachedDir. Several trees may contain it, each at its own path.
type node struct {
	kind   kind
	mode   fs.FileMode       // permissions and the bits next to them; of a link none
	target string            // of a link
	size   int64             // of a file's content
	sum    [sha256.Size]byte // of a file's content
	hashed bool
	lfs    bool // the content is a Git LFS pointer

	from *cachedDir // nil when the content is data
	path string
	info fs.FileInfo
	data []byte
}

func generatedNode(data []byte) *node {
	return &node{kind: kindFile, mode: 0o644, size: int64(len(data)), sum: sha256.Sum256(data), hashed: true, data: data}
}

// node returns one path of the folder, without reading a file's content. It is nil for what no image can hold.
func (c *cachedDir) node(name string) (*node, error) {
	if n, ok := c.nodes[name]; ok {
		return n, nil
	}
	if err := c.checkName(name); err != nil {
		return nil, err
	}
	info, err := fs.Lstat(c.fsys, name)
	if err != nil {
		return nil, c.failed(name, err)
	}
	n := &node{from: c, path: name, info: info, mode: c.mode(info)}
	switch mode := info.Mode(); {
	case mode.IsDir():
		n.kind = kindDir
	case mode.IsRegular():
		n.kind, n.size = kindFile, info.Size()
	case mode&fs.ModeNamedPipe != 0:
		n.kind = kindPipe
	case mode&fs.ModeSymlink != 0:
		n.kind, n.mode = kindLink, 0
		if n.target, err = fs.ReadLink(c.fsys, name); err != nil {
			return nil, c.failed(name, err)
		}
	default:
		c.leftOut = append(c.leftOut, special(mode)+" "+name)
		c.nodes[name] = nil
		return nil, nil
	}
	if !utf8.ValidString(n.target) {
		return nil, hint.Wrap(fmt.Errorf("the target %q of the link %s is not valid UTF-8, which BuildKit cannot transfer",
			n.target, c.show(name)), "list the link in .dockerignore")
	}
	c.nodes[name] = n
	return n, nil
}

// mode returns the mode of a file or folder as an image gets it: its own on disk, but for what the two usual umasks make
// different. What is not the user's own folder has the modes that Git knows, and Windows has none.
func (c *cachedDir) mode(info fs.FileInfo) fs.FileMode {
	perm := info.Mode().Perm()
	switch {
	case runtime.GOOS == "windows", !c.at.ofUser() && (info.IsDir() || perm&0o100 != 0):
		return 0o755
	case !c.at.ofUser():
		return 0o644
	case perm == 0o664:
		perm = 0o644
	case perm == 0o775:
		perm = 0o755
	}
	return perm | info.Mode()&(fs.ModeSetuid|fs.ModeSetgid|fs.ModeSticky)
}

func (c *cachedDir) checkName(name string) error {
	if utf8.ValidString(name) {
		return nil
	}
	return hint.Wrap(fmt.Errorf("the name of %s is not valid UTF-8, which BuildKit cannot transfer", c.show(name)),
		"rename it, or list it in .dockerignore with a ? for each such byte")
}

func special(mode fs.FileMode) string {
	switch {
	case mode&fs.ModeSocket != 0:
		return "socket"
	case mode&fs.ModeDevice != 0:
		return "device"
	}
	return "special file"
}

// open returns the content of a file. A failure is reported by Read, not here: BuildKit's sender takes a file that
// cannot be opened for an empty one.
func (n *node) open(f *fault) io.ReadCloser {
	if n.from == nil {
		return io.NopCloser(bytes.NewReader(n.data))
	}
	file, err := n.from.openFile(n.path)
	if err != nil {
		return &checkedFile{node: n, fault: f, err: n.changed(err)}
	}
	return &checkedFile{node: n, fault: f, file: file, hash: sha256.New(), left: n.size}
}

// changesHint is what to do about a file that changes during a build.
const changesHint = "try again; list in .dockerignore what changes all the time"

func (n *node) changed(err error) error {
	why := "its content is different"
	if err != nil {
		why = reason(err)
	}
	return hint.Wrap(fmt.Errorf("%s has changed since it was hashed: %s", n.from.show(n.path), why), changesHint)
}
