package contexts

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"
	"os"
	"runtime"
	"time"

	"golang.org/x/sync/errgroup"
)

var clock = time.Now // tests look at files as from a later time

// hashAll reads files and gives each its digest. Of each one that is done it
// tells read, which is called by several at once.
func hashAll(ctx context.Context, unknown []*node, cache *statCache, read func(*node)) error {
	queue := make(chan *node)
	group, ctx := errgroup.WithContext(ctx)
	for range min(2*runtime.GOMAXPROCS(0), len(unknown)) {
		group.Go(func() error {
			buf := make([]byte, 128<<10)
			for n := range queue {
				if err := n.hash(ctx, buf, cache); err != nil {
					return err
				}
				read(n)
			}
			return nil
		})
	}
	group.Go(func() error {
		defer close(queue)
		for _, n := range unknown {
			select {
			case queue <- n:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
		return nil
	})
	return group.Wait()
}

func (n *node) hash(ctx context.Context, buf []byte, cache *statCache) error {
	started := clock()
	file, err := n.root.openFile(n.path)
	if err != nil {
		return n.root.failed(n.path, err)
	}
	defer file.Close()
	before, err := file.Stat()
	if err != nil {
		return n.root.failed(n.path, err)
	}
	h := sha256.New()
	size, err := io.CopyBuffer(h, &cancelable{ctx, file}, buf)
	if err != nil {
		return n.root.failed(n.path, err)
	}
	after, err := file.Stat()
	if err != nil {
		return n.root.failed(n.path, err)
	}
	if size != n.size || !unchanged(n.info, before) || !unchanged(before, after) {
		return n.root.failed(n.path, errors.New("it changes while it is read"+
			"\nhint: start again, and name in .dockerignore what changes all the time"))
	}
	h.Sum(n.sum[:0])
	n.hashed = true
	cache.store(after, n.sum, started)
	return nil
}

// unchanged tells whether two looks saw one file in one state. Only a file on
// disk has an identity to compare.
func unchanged(a, b fs.FileInfo) bool {
	_, onDisk := identityOf(a)
	return a.Size() == b.Size() && a.ModTime().Equal(b.ModTime()) && (!onDisk || os.SameFile(a, b))
}

// cancelable ends a copy when the context does.
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
