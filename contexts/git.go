package contexts

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/moby/buildkit/frontend/dockerfile/dfgitutil"
	"github.com/moby/buildkit/util/gitutil"
)

// A checkout is the files of one commit, in the cache folder.
type checkout struct {
	dir    string
	commit string
}

// fetch makes the commit that the URL refers to available. One that is already in the cache needs no network when the
// URL names it in full.
func fetch(ctx context.Context, cache string, gitRef *dfgitutil.GitRef, progress func(string)) (*checkout, error) {
	if cache == "" {
		return nil, fmt.Errorf("%s: a Git URL needs a cache folder to be fetched into", redacted(gitRef.Remote))
	}
	g := git{remote: gitRef.Remote}
	modules := gitRef.Submodules == nil || *gitRef.Submodules
	at := func(commit string) *checkout {
		return &checkout{filepath.Join(cache, "git", checkoutName(gitRef.Remote, commit, modules)), commit}
	}
	c := at(gitRef.Ref)
	pinned := gitutil.IsCommitSHA(gitRef.Ref)
	if pinned && c.use() {
		return c, checkSum(gitRef, c.commit)
	}
	progress("")
	if !pinned {
		commit, err := g.resolve(ctx, gitRef.Ref)
		if err != nil {
			return nil, err
		}
		c = at(commit)
	}
	if err := checkSum(gitRef, c.commit); err != nil {
		return nil, err
	}
	if !c.use() {
		if err := g.fill(ctx, c, modules); err != nil {
			return nil, err
		}
	}
	progress("commit " + c.commit)
	return c, nil
}

func (c *checkout) exists() bool {
	info, err := os.Stat(c.dir)
	return err == nil && info.IsDir()
}

// use reports whether the checkout exists, and resets its age, so that it is kept as long as a new one.
func (c *checkout) use() bool {
	now := time.Now()
	return os.Chtimes(c.dir, now, now) == nil
}

// checkSum compares the commit with the checksum that the URL may have in addition to a ref.
func checkSum(gitRef *dfgitutil.GitRef, commit string) error {
	if strings.HasPrefix(commit, gitRef.Checksum) {
		return nil
	}
	return fmt.Errorf("%s#%s is commit %s, not %s", redacted(gitRef.Remote), gitRef.Ref, commit, gitRef.Checksum)
}

// checkoutName depends on the URL too: submodules may be relative to it.
func checkoutName(remote, commit string, modules bool) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\n%t", remote, modules))
	return commit + "-" + hex.EncodeToString(sum[:4])
}

// fill makes the checkout in a folder next to it and moves it into place when it is complete, so that nobody sees a
// partial one.
func (g git) fill(ctx context.Context, c *checkout, modules bool) error {
	parent := filepath.Dir(c.dir)
	if err := os.MkdirAll(parent, 0o700); err != nil {
		return fmt.Errorf("cache folder: %w", err)
	}
	sweep(parent)
	temp, err := os.MkdirTemp(parent, tempPrefix)
	if err != nil {
		return fmt.Errorf("cache folder: %w", err)
	}
	defer os.RemoveAll(temp)
	g.dir = temp
	if err := g.populate(ctx, c.commit, modules); err != nil {
		return err
	}
	if err := os.Rename(temp, c.dir); err != nil && !c.exists() { // unless another process was faster
		return fmt.Errorf("cache folder: %w", err)
	}
	return nil
}

func (g git) populate(ctx context.Context, commit string, modules bool) error {
	if err := g.fetchCommit(ctx, commit); err != nil {
		return err
	}
	if _, err := g.run(ctx, noConfig, "checkout", "--quiet", "--detach", commit); err != nil {
		return err
	}
	_, err := os.Stat(filepath.Join(g.dir, ".gitmodules"))
	if modules && err == nil {
		if err := g.fetchModules(ctx); err != nil {
			return err
		}
	}
	return removeGitDirs(g.dir)
}

// removeGitDirs removes everything of git from a checkout. A commit cannot contain anything of that name, so that none
// of its files is removed.
func removeGitDirs(dir string) error {
	return filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.Name() != ".git" {
			return err
		}
		if err := os.RemoveAll(name); err != nil || !d.IsDir() {
			return err
		}
		return fs.SkipDir
	})
}

const tempPrefix = "tmp-"

// sweep removes what killed fetches left behind, and checkouts that have not been used for a while: a branch that moves
// on leaves one for each build. It keeps what may still be in use.
func sweep(dir string) {
	list, _ := os.ReadDir(dir)
	for _, entry := range list {
		keep := keepDays * 24 * time.Hour
		if strings.HasPrefix(entry.Name(), tempPrefix) {
			keep = 24 * time.Hour
		}
		if info, err := entry.Info(); err == nil && time.Since(info.ModTime()) > keep {
			os.RemoveAll(filepath.Join(dir, entry.Name()))
		}
	}
}

// subdir returns the checkout or a folder in it. No link leads out of it.
func (c *checkout) subdir(gitRef *dfgitutil.GitRef) (dir, error) {
	root, err := os.OpenRoot(c.dir)
	if err != nil {
		return dir{}, err
	}
	top := dir{name: c.url(gitRef), fsys: root.FS(), path: ".", disk: c.dir}
	d, err := top.join(strings.TrimPrefix(gitRef.SubDir, "/"))
	if err != nil {
		return dir{}, err
	}
	info, err := d.stat(".")
	switch {
	case errors.Is(err, fs.ErrNotExist) || err == nil && !info.IsDir():
		return dir{}, fmt.Errorf("%s has no folder %s", d.name, gitRef.SubDir)
	case err != nil:
		return dir{}, fmt.Errorf("%s: %s", d.show(), reason(err))
	}
	return d, nil
}

func (c *checkout) url(gitRef *dfgitutil.GitRef) string {
	return redacted(gitRef.Remote) + "#" + c.commit
}
