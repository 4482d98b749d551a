package contexts

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"
	"os"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/docker-bmo/docker-bmo/internal/hint"
)

var clock = time.Now // tests move it forward

// buffers are what files are read into, as many as files are read at once.
var buffers = sync.Pool{New: func() any { return new([128 << 10]byte) }}

// hashAll reads files and gives each its digest. It calls read for each one that is done, from several goroutines at
// once.
func hashAll(ctx context.Context, unknown []*node, cache *statCache, read func(*node)) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(2 * runtime.GOMAXPROCS(0))
	for _, n := range unknown {
		group.Go(func() error {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if err := n.hash(ctx, cache); err != nil {
				return err
			}
			read(n)
			return nil
		})
	}
	return group.Wait()
}

// lfsPointer is how Git LFS begins what it leaves in place of a file, which is never larger than maxPointer.
var lfsPointer = []byte("version https://git-lfs.github.com/spec/v1\n")

const maxPointer = 1024

func (n *node) hash(ctx context.Context, cache *statCache) error {
	started := clock()
	file, err := n.from.openFile(n.path)
	if err != nil {
		return n.from.failed(n.path, err)
	}
	defer file.Close()
	before, err := file.Stat()
	if err != nil {
		return n.from.failed(n.path, err)
	}
	h := sha256.New()
	buf := buffers.Get().(*[128 << 10]byte)
	defer buffers.Put(buf)
	size, err := io.CopyBuffer(h, &cancelable{ctx, file}, buf[:])
	if err != nil {
		return n.from.failed(n.path, err)
	}
	after, err := file.Stat()
	if err != nil {
		return n.from.failed(n.path, err)
	}
	if size != n.size || !unchanged(n.info, before) || !unchanged(before, after) {
		return hint.Wrap(n.from.failed(n.path, errors.New("it changed while it was read")), changesHint)
	}
	h.Sum(n.sum[:0])
	n.hashed = true
	if n.lfs = size <= maxPointer && bytes.HasPrefix(buf[:size], lfsPointer); n.lfs {
		return nil // it is read each time, so that each time it is said
	}
	cache.store(after, n.sum, started)
	return nil
}

// unchanged reports whether a and b describe the same file in the same state. Only a file on disk has an identity to
// compare.
func unchanged(a, b fs.FileInfo) bool {
	_, onDisk := identityOf(a)
	return a.Size() == b.Size() && a.ModTime().Equal(b.ModTime()) && (!onDisk || os.SameFile(a, b))
}

// cancelable ends a copy when the context ends.
type cancelable struct {
	ctx context.Context
	io.Reader
}

func (c *cancelable) Read(p []byte) (int, error) {
	if c.ctx.Err() != nil {
		return 0, context.Cause(c.ctx)
	}
	return c.Reader.Read(p)
}
