package kube

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"gotest.tools/v3/assert"
)

// fillProgramFile writes the program for this machine into a file.
func fillProgramFile(t *testing.T) string {
	t.Helper()
	if fillPrograms[runtime.GOARCH] == nil {
		t.Skip("there is no program for", runtime.GOARCH)
	}
	file := filepath.Join(t.TempDir(), "fill")
	assert.NilError(t, os.WriteFile(file, fillPrograms[runtime.GOARCH], 0o755))
	return file
}

// stored makes a folder with all kinds of things in it.
func stored(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "stored")
	write := func(name, text string, mode fs.FileMode) {
		assert.NilError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
		assert.NilError(t, os.Chmod(filepath.Join(dir, name), mode))
	}
	assert.NilError(t, os.MkdirAll(filepath.Join(dir, "a/b/c"), 0o755))
	assert.NilError(t, os.Mkdir(filepath.Join(dir, "empty"), 0o755))
	write("a name\nof two lines", "text", 0o640)
	write("a/large", strings.Repeat("large", 1<<18), 0o600)
	write("a/b/run", "#!/bin/sh", 0o755|fs.ModeSetuid|fs.ModeSetgid)
	write("nothing", "", 0)
	for i := range 300 { // more than one read of the folder
		write(fmt.Sprintf("a/b/c/%d-%s", i, strings.Repeat("x", i%200)), fmt.Sprint(i), 0o644)
	}
	assert.NilError(t, os.Link(filepath.Join(dir, "a/large"), filepath.Join(dir, "a/b/also large")))
	assert.NilError(t, os.Symlink("../nowhere", filepath.Join(dir, "a/dangling")))
	assert.NilError(t, os.Symlink("/etc/passwd", filepath.Join(dir, "absolute")))
	assert.NilError(t, syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o620))
	if err := syscall.Setxattr(filepath.Join(dir, "a/large"), "user.kind", []byte("data"), 0); err != nil {
		assert.Assert(t, errors.Is(err, syscall.ENOTSUP), "%v", err)
	}
	if os.Geteuid() == 0 {
		for i, name := range []string{"a/b/c", "a/large", "a/dangling", "pipe"} {
			assert.NilError(t, os.Lchown(filepath.Join(dir, name), 1000+i, 33))
		}
		assert.NilError(t, os.Lchown(dir, 33, 33))
	}
	assert.NilError(t, os.Chmod(filepath.Join(dir, "empty"), 0o775|fs.ModeSticky))
	old := time.Date(2001, 2, 3, 4, 5, 6, 789, time.UTC)
	for _, name := range []string{"a/b/run", "empty", "a", ""} {
		assert.NilError(t, os.Chtimes(filepath.Join(dir, name), old.Add(time.Hour), old))
	}
	return dir
}

// described has a line for each thing in a folder with all that is to be kept of it.
func described(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	names := map[uint64]string{}
	assert.NilError(t, filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(dir, path)
		info, err := os.Lstat(path)
		if err != nil {
			return err
		}
		s := info.Sys().(*syscall.Stat_t)
		first, seen := names[s.Ino]
		if !seen {
			names[s.Ino], first = rel, rel
		}
		fmt.Fprintf(&b, "%q %s %d:%d %s is %q", rel, info.Mode(), s.Uid, s.Gid, info.ModTime().UTC().Format(time.RFC3339Nano), first)
		switch {
		case info.Mode()&fs.ModeSymlink != 0:
			to, _ := os.Readlink(path)
			fmt.Fprintf(&b, " leads to %q", to)
		case info.Mode().IsRegular():
			text, _ := os.ReadFile(path)
			value := make([]byte, 100)
			n, _ := syscall.Getxattr(path, "user.kind", value)
			fmt.Fprintf(&b, " has %d bytes, ends with %.10q, kind %q", len(text), text[max(0, len(text)-10):], value[:max(0, n)])
		}
		b.WriteByte('\n')
		return nil
	}))
	return b.String()
}

// TestFill: the program that fills volumes keeps all that the engine keeps, and a volume that is filled stays as it is.
func TestFill(t *testing.T) {
	program, from := fillProgramFile(t), stored(t)
	if os.Geteuid() != 0 {
		assert.NilError(t, os.Chmod(filepath.Join(from, "nothing"), 0o400))
	}
	to := filepath.Join(t.TempDir(), "content")
	want := described(t, from)
	out, err := exec.Command(program, from, to).CombinedOutput()
	assert.NilError(t, err, "%s", out)
	assert.Equal(t, described(t, to), want)

	assert.NilError(t, os.WriteFile(filepath.Join(to, "written since"), nil, 0o600))
	want = described(t, to)
	out, err = exec.Command(program, from, to).CombinedOutput()
	assert.NilError(t, err, "%s", out)
	assert.Equal(t, described(t, to), want)
}

// TestFillFails: a volume that cannot be filled as a whole is not there, and the error says why.
func TestFillFails(t *testing.T) {
	program, to := fillProgramFile(t), filepath.Join(t.TempDir(), "content")
	for _, tc := range []struct {
		from, want string
		before     func(t *testing.T)
	}{
		{"/does/not/exist", "no such file or directory", func(*testing.T) {}},
		{stored(t), "file exists", func(t *testing.T) { assert.NilError(t, os.Mkdir(to+".new", 0o700)) }},
	} {
		tc.before(t)
		out, err := exec.Command(program, tc.from, to).CombinedOutput()
		assert.ErrorContains(t, err, "exit status 1", "%s", tc.from)
		assert.Assert(t, strings.HasPrefix(string(out), "cannot ") && strings.Contains(string(out), tc.want), "%s", out)
		_, err = os.Lstat(to)
		assert.ErrorIs(t, err, fs.ErrNotExist)
	}
	out, err := exec.Command(program).CombinedOutput()
	assert.ErrorContains(t, err, "exit status 2", "%s", out)
}

// TestFillIsBuiltFromItsSource: where the compilers are the ones that made it.
func TestFillIsBuiltFromItsSource(t *testing.T) {
	dir := t.TempDir()
	if out, err := exec.Command("../hack/static", "fill/fill.c", dir).CombinedOutput(); err != nil {
		t.Skipf("it cannot be compiled here: %v\n%s", err, out)
	}
	read := func(path string) string {
		b, err := os.ReadFile(path)
		assert.NilError(t, err)
		return string(b)
	}
	if by := read(dir + "/compilers"); by != read("fill/compilers") {
		t.Skipf("other compilers: %s", by)
	}
	for _, name := range []string{"fill-amd64", "fill-arm64"} {
		assert.Check(t, read(filepath.Join(dir, name)) == read("fill/"+name), "%s: `make relay`", name)
	}
}
