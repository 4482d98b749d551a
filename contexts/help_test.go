package contexts

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tonistiigi/fsutil"
	"github.com/tonistiigi/fsutil/types"
	"golang.org/x/sync/errgroup"
	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/stack"
)

// files describes a folder by path. The content of a file comes as it is, or after "x:" when it is executable, "->" is
// a link, a path ending in a slash a folder, and "socket" and "pipe" are what they say.
type files map[string]string

func (f files) write(t testing.TB, dir string) string {
	t.Helper()
	for name, content := range f {
		at := filepath.Join(dir, name)
		assert.NilError(t, os.MkdirAll(filepath.Dir(at), 0o755))
		assert.NilError(t, put(at, name, content))
	}
	return dir
}

func put(at, name, content string) error {
	if strings.HasSuffix(name, "/") {
		return os.MkdirAll(at, 0o755)
	}
	if target, ok := strings.CutPrefix(content, "->"); ok {
		return os.Symlink(target, at)
	}
	switch content {
	case "socket":
		l, err := net.ListenUnix("unix", &net.UnixAddr{Name: at, Net: "unix"})
		if err == nil {
			l.SetUnlinkOnClose(false)
			err = l.Close()
		}
		return err
	case "pipe":
		return mkfifo(at)
	}
	if script, ok := strings.CutPrefix(content, "x:"); ok {
		return os.WriteFile(at, []byte(script), 0o777)
	}
	return os.WriteFile(at, []byte(content), 0o666)
}

func folder(t testing.TB, f files) string { return f.write(t, t.TempDir()) }

// one makes the tree of a folder in the way of a build context.
func one(t testing.TB, dir string) *Tree {
	t.Helper()
	tree, err := tryOne(dir)
	assert.NilError(t, err)
	return tree
}

func oneContext(dir string) *stack.Stack {
	return &stack.Stack{Name: "test", Dir: dir, Contexts: map[string]stack.Context{"one": {From: "."}}}
}

func tryOne(dir string) (*Tree, error) {
	result, err := Load(context.Background(), oneContext(dir), Options{})
	if err != nil {
		return nil, err
	}
	return result.Trees["one"], nil
}

// list shows a tree, an entry a line, as the encoding has it but for modes; an executable file has an x.
func list(t testing.TB, tree *Tree) []string {
	t.Helper()
	var out []string
	for _, e := range tree.entries {
		line := string(e.kind) + " " + e.path
		if e.kind == kindFile && e.mode&0o100 != 0 {
			line = "x " + e.path
		}
		if e.kind == kindLink {
			line += " -> " + e.target
		}
		out = append(out, line)
	}
	return out
}

// fileCount counts a tree's files, links included, folders not.
func fileCount(tree *Tree) (n int) {
	for _, e := range tree.entries {
		if e.kind != kindDir {
			n++
		}
	}
	return n
}

func byteCount(tree *Tree) (n int64) {
	for _, e := range tree.entries {
		n += e.size
	}
	return n
}

// readFile returns the content of one of a tree's files.
func readFile(tree *Tree, name string) ([]byte, error) {
	r, err := tree.FS().Open(name)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(r)
	return data, errors.Join(err, r.Close())
}

// walked shows what a transfer visits.
func walked(t testing.TB, f fsutil.FS) []string {
	t.Helper()
	var out []string
	err := f.Walk(context.Background(), "/", func(name string, d fs.DirEntry, err error) error {
		out = append(out, name)
		return err
	})
	assert.NilError(t, err)
	return out
}

// transferTo sends a tree as BuildKit does and receives it in a folder.
func transferTo(ctx context.Context, f fsutil.FS, dir string) error {
	group, ctx := errgroup.WithContext(ctx)
	up, down := make(chan []byte, 32), make(chan []byte, 32)
	group.Go(func() error {
		defer close(up)
		return fsutil.Send(ctx, &wire{ctx, down, up}, f, nil)
	})
	group.Go(func() error {
		return fsutil.Receive(ctx, &wire{ctx, up, down}, dir, fsutil.ReceiveOpt{Filter: mine})
	})
	return group.Wait()
}

// mine lets those who are not root receive files of root.
func mine(_ string, s *types.Stat) bool {
	s.Uid, s.Gid = uint32(os.Getuid()), uint32(os.Getgid())
	return true
}

func send(t testing.TB, f fsutil.FS, dir string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	assert.NilError(t, transferTo(ctx, f, dir))
}

// wire is one end of a connection in memory.
type wire struct {
	ctx     context.Context
	in, out chan []byte
}

func (w *wire) Context() context.Context { return w.ctx }

func (w *wire) RecvMsg(m any) error {
	select {
	case <-w.ctx.Done():
		return w.ctx.Err()
	case data, ok := <-w.in:
		if !ok {
			return io.EOF
		}
		return m.(*types.Packet).Unmarshal(data)
	}
}

func (w *wire) SendMsg(m any) error {
	data, err := m.(*types.Packet).Marshal()
	if err != nil {
		return err
	}
	select {
	case <-w.ctx.Done():
		return w.ctx.Err()
	case w.out <- data:
		return nil
	}
}

// failsWith checks an error's text and its only hint, of which a part may be given.
func failsWith(t testing.TB, err error, text, part string) {
	t.Helper()
	assert.Error(t, err, text)
	hints := hint.All(err)
	if part == "" {
		assert.Equal(t, len(hints), 0, "%q", hints)
		return
	}
	assert.Assert(t, len(hints) == 1 && strings.Contains(hints[0], part), "%q", hints)
}
