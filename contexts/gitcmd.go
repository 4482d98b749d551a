package contexts

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/moby/buildkit/util/gitutil"

	"github.com/docker-bmo/docker-bmo/internal/hint"
)

// git runs the git command for one remote, as docker does for a Git context.
type git struct {
	remote string
	dir    string // the work tree, "" where none is needed
}

// gitConfig says whose settings git applies. To reach the remote it needs the user's: addresses, proxies, credentials.
// The files of a commit must not depend on them, so that line endings, filters and hooks are git's own.
type gitConfig bool

const (
	userConfig gitConfig = true
	noConfig   gitConfig = false
)

// resolve asks the remote for the commit of a branch, a tag or its HEAD. A branch takes precedence over a tag of the
// same name, as in git checkout.
func (g git) resolve(ctx context.Context, ref string) (string, error) {
	name := ref
	if ref == "" {
		name = "HEAD"
	}
	out, err := g.run(ctx, userConfig, "ls-remote", "--", g.remote, name, name+"^{}")
	if err != nil {
		return "", err
	}
	found := map[string]string{}
	for line := range strings.Lines(out) {
		sum, at, _ := strings.Cut(strings.TrimSpace(line), "\t")
		found[at] = sum
	}
	tag := "refs/tags/" + strings.TrimPrefix(name, "refs/tags/")
	for _, at := range []string{name + "^{}", name, "refs/" + name, "refs/heads/" + name, tag + "^{}", tag} {
		if sum := found[at]; gitutil.IsCommitSHA(sum) {
			return sum, nil
		}
	}
	return "", hint.Wrap(fmt.Errorf("%s has no branch or tag %q", redacted(g.remote), name),
		"git ls-remote lists what it has; a commit must be given in full")
}

// fetchCommit fetches one commit without its history where the server allows that, and otherwise all branches and tags.
func (g git) fetchCommit(ctx context.Context, commit string) error {
	if _, err := g.run(ctx, noConfig, "init", "--quiet", "--template="); err != nil {
		return err
	}
	if _, err := g.run(ctx, noConfig, "remote", "add", "origin", g.remote); err != nil {
		return err
	}
	_, err := g.run(ctx, userConfig, "fetch", "--quiet", "--no-tags", "--depth=1", "origin", commit)
	if err == nil || ctx.Err() != nil {
		return err
	}
	_, err = g.run(ctx, userConfig, "fetch", "--quiet", "origin",
		"+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*")
	if err != nil {
		return err
	}
	if _, err := g.run(ctx, noConfig, "cat-file", "-e", commit+"^{commit}"); err != nil {
		return fmt.Errorf("%s has no commit %s", redacted(g.remote), commit)
	}
	return nil
}

// fetchModules fetches the submodules. A remote repository must not refer to one on this machine.
func (g git) fetchModules(ctx context.Context) error {
	files := "never"
	if strings.HasPrefix(g.remote, "file:") {
		files = "always"
	}
	_, err := g.run(ctx, userConfig, "-c", "protocol.file.allow="+files,
		"submodule", "--quiet", "update", "--init", "--recursive", "--depth=1")
	return err
}

func (g git) run(ctx context.Context, settings gitConfig, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", append([]string{"-c", "protocol.ext.allow=never"}, args...)...)
	cmd.Dir = g.dir
	cmd.Env = gitEnviron(settings)
	detach(cmd)
	cmd.WaitDelay = time.Second // a helper of git that outlives it may keep its output open
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	switch {
	case ctx.Err() != nil:
		return "", context.Cause(ctx)
	case errors.Is(err, exec.ErrNotFound):
		return "", hint.Wrap(fmt.Errorf("%s: the git command is not installed", redacted(g.remote)),
			"install git, or give a folder instead of the URL")
	case err != nil:
		return "", g.failed(verb(args), stderr.String(), err)
	}
	return stdout.String(), nil
}

// gitEnviron is the environment without what ties git to another repository, which is set when a hook of that
// repository runs us.
func gitEnviron(settings gitConfig) []string {
	tied := []string{
		"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_OBJECT_DIRECTORY",
		"GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_COMMON_DIR", "GIT_NAMESPACE", "GIT_CONFIG_PARAMETERS",
	}
	env := slices.DeleteFunc(os.Environ(), func(v string) bool {
		name, _, _ := strings.Cut(v, "=")
		return slices.Contains(tied, name)
	})
	env = append(env, "LC_ALL=C", "GIT_TERMINAL_PROMPT=0")
	if settings == noConfig {
		env = append(env,
			"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_COUNT=0", "GIT_ATTR_NOSYSTEM=1")
	}
	return env
}

// verb is the git command among its arguments.
func verb(args []string) string {
	if args[0] == "-c" {
		return args[2]
	}
	return args[0]
}

var diskFull = regexp.MustCompile(`(?i)no space left on device|out of diskspace`)

func (g git) failed(verb, stderr string, err error) error {
	said := strings.ReplaceAll(stderr, g.remote, redacted(g.remote))
	lines := strings.FieldsFunc(said, func(r rune) bool { return r == '\n' })
	why, before := err.Error(), ""
	for _, line := range lines {
		if text, ok := strings.CutPrefix(line, "fatal: "); ok {
			why = text
			break
		}
		before = line
	}
	if why == "Could not read from remote repository." && before != "" { // ssh said why
		why = strings.TrimSpace(before)
	}
	if g.dir != "" && diskFull.MatchString(stderr) { // whatever git was doing
		return hint.Wrap(fmt.Errorf("%s: no space left for it in %s", redacted(g.remote), filepath.Dir(g.dir)),
			"free some space, or set XDG_CACHE_HOME to a folder on another disk")
	}
	return hint.Wrap(fmt.Errorf("%s: git %s: %s", redacted(g.remote), verb, why),
		"check the address, the network, and that git can log in without prompting; or use a folder with the tree")
}
