package contexts

import (
	"bytes"
	"context"
	"errors"
	"hash"
	"io"
	"io/fs"
	"sync"
)

// checkedFile reads a file and fails unless its content is what was hashed.
type checkedFile struct {
	node  *node
	fault *fault
	file  fs.File
	hash  hash.Hash
	left  int64
	err   error
}

func (c *checkedFile) Read(p []byte) (int, error) {
	if c.err != nil {
		c.fault.report(c.err)
		return 0, c.err
	}
	n, err := c.file.Read(p)
	c.hash.Write(p[:n])
	c.left -= int64(n)
	switch {
	case err != nil && !errors.Is(err, io.EOF):
		c.err = c.node.changed(err)
	case c.left < 0, errors.Is(err, io.EOF) && !c.same():
		c.err = c.node.changed(nil)
	default:
		return n, err
	}
	c.fault.report(c.err)
	return 0, c.err
}

func (c *checkedFile) same() bool {
	return c.left == 0 && bytes.Equal(c.hash.Sum(nil), c.node.sum[:])
}

func (c *checkedFile) Close() error {
	if c.file == nil {
		return nil
	}
	return c.file.Close()
}

// A fault is the first failure of a transfer, and the contexts to cancel on it.
type fault struct {
	mu      sync.Mutex
	err     error
	nextID  int
	waiting map[int]context.CancelCauseFunc
}

func (f *fault) report(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err != nil {
		return
	}
	f.err = err
	for _, cancel := range f.waiting {
		cancel(err)
	}
}

func (f *fault) watch(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err != nil {
		cancel(f.err)
	}
	id := f.nextID
	f.nextID++
	if f.waiting == nil {
		f.waiting = map[int]context.CancelCauseFunc{}
	}
	f.waiting[id] = cancel
	return ctx, func() {
		f.mu.Lock()
		delete(f.waiting, id)
		f.mu.Unlock()
		cancel(nil)
	}
}
