package contexts

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/stack"
)

// repo is a Git repository on this machine, away from anybody's settings.
type repo struct {
	t   testing.TB
	dir string
}

func newRepo(t *testing.T) *repo {
	t.Helper()
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("XDG_CONFIG_HOME", home)
	t.Setenv("GIT_CONFIG_NOSYSTEM", "1")
	t.Setenv("GIT_CONFIG_GLOBAL", filepath.Join(home, "gitconfig"))
	for _, who := range []string{"AUTHOR", "COMMITTER"} {
		t.Setenv("GIT_"+who+"_NAME", "tester")
		t.Setenv("GIT_"+who+"_EMAIL", "tester@example.test")
	}
	r := &repo{t, t.TempDir()}
	r.git("init", "-q", "-b", "main")
	return r
}

func (r *repo) git(args ...string) string {
	r.t.Helper()
	cmd := exec.Command("git", append([]string{"-C", r.dir, "-c", "protocol.file.allow=always"}, args...)...)
	out, err := cmd.CombinedOutput()
	assert.NilError(r.t, err, "git %v: %s", args, out)
	return strings.TrimSpace(string(out))
}

// commit adds files and returns the commit.
func (r *repo) commit(f files) string {
	r.t.Helper()
	f.write(r.t, r.dir)
	r.git("add", "-A")
	r.git("commit", "-q", "-m", "test")
	return r.git("rev-parse", "HEAD")
}

func (r *repo) url(rest string) string { return "file://" + r.dir + rest }

// fetchTree makes the tree of a Git URL.
func fetchTree(t testing.TB, url, cache string) (*Result, error) {
	t.Helper()
	st := &stack.Stack{Name: "test", Dir: t.TempDir(), Contexts: named{"source": {From: "source"}}}
	return Load(context.Background(), st, Options{Source: url, Cache: cache})
}

func TestGitRefs(t *testing.T) {
	r := newRepo(t)
	first := r.commit(files{"a": "1", "run": "x:1", "link": "->a", "sub/b": "2"})
	r.git("tag", "light")
	r.git("tag", "-a", "-m", "test", "annotated")
	second := r.commit(files{"a": "second"})
	r.git("branch", "feature/x")
	r.git("tag", "both")
	third := r.commit(files{"a": "third"})
	r.git("branch", "both")
	for _, test := range []struct {
		rest, commit, want string
	}{
		{"", third, "f a, l link -> a, x run, d sub, f sub/b"},
		{"#main", third, "f a, l link -> a, x run, d sub, f sub/b"},
		{"#refs/heads/main", third, "f a, l link -> a, x run, d sub, f sub/b"},
		{"#feature/x", second, "f a, l link -> a, x run, d sub, f sub/b"},
		{"#light", first, "f a, l link -> a, x run, d sub, f sub/b"},
		{"#annotated", first, "f a, l link -> a, x run, d sub, f sub/b"},
		{"#refs/tags/annotated", first, "f a, l link -> a, x run, d sub, f sub/b"},
		{"#both", third, "f a, l link -> a, x run, d sub, f sub/b"},
		{"#" + first, first, "f a, l link -> a, x run, d sub, f sub/b"},
		{"#" + second + ":sub", second, "f b"},
		{"#:sub", third, "f b"},
	} {
		result, err := fetchTree(t, r.url(test.rest), t.TempDir())
		assert.NilError(t, err, test.rest)
		assert.Equal(t, strings.Join(list(t, result.Trees["source"]), ", "), test.want, test.rest)
		source := r.url("#" + test.commit)
		if strings.HasSuffix(test.rest, ":sub") {
			source += ":sub"
		}
		assert.Equal(t, result.Source, source)
	}
}

func TestGitRefused(t *testing.T) {
	r := newRepo(t)
	commit := r.commit(files{"a": "1", "folder/b": "", "etc": "->/etc", "up": "->../..", "inside": "->folder"})
	absent := strings.Repeat("0", 39) + "1"
	for _, test := range []struct {
		url, problem, hint string
	}{
		{r.url("#nothing"), r.url("") + ` has no branch or tag "nothing"`, "git ls-remote"},
		{r.url("#" + commit[:12]), r.url("") + ` has no branch or tag "` + commit[:12] + `"`, "in full"},
		{r.url("#" + absent), r.url("") + " has no commit " + absent, ""},
		{r.url("#main:nothing"), r.url("#"+commit) + " has no folder nothing", ""},
		{r.url("#main:a"), r.url("#"+commit) + " has no folder a", ""},
		{r.url("#main:../x"), `"../x" is outside ` + r.url("#"+commit), ""},
		{r.url("#main:etc"), "etc of " + r.url("#"+commit) + ": path escapes from parent", ""},
		{r.url("#main:up"), "up of " + r.url("#"+commit) + ": path escapes from parent", ""},
		{r.url("#--upload-pack=x"), `"--upload-pack=x" is not a Git ref`, ""},
		{r.url("?ref=x"), r.url("?ref=x") + ": a query is not supported", "URL#REF:FOLDER"},
		{r.url("/nothing"), r.url("/nothing") + ": git ls-remote: '" + r.dir + "/nothing' does not appear to be a git repository", "check the address"},
		{"ssh://host/x.git?keep-git-dir=1", "ssh://host/x.git: keep-git-dir is not supported", ""},
		{"https://host/x.git?what=1", `https://host/x.git?what=1: unexpected query "what"`, ""},
		{"ftp://host/x.git", "ftp://host/x.git is not the URL of a Git repository", ".git"},
	} {
		_, err := fetchTree(t, test.url, t.TempDir())
		failsWith(t, err, "source: "+test.problem, test.hint)
	}
	result, err := fetchTree(t, r.url("#main:inside"), t.TempDir())
	assert.NilError(t, err)
	assert.DeepEqual(t, list(t, result.Trees["source"]), []string{"f b"})
}

// A commit is fetched once; then it needs no network, nor git.
func TestGitCache(t *testing.T) {
	r := newRepo(t)
	first := r.commit(files{"a": "1"})
	cache := t.TempDir()
	before, err := fetchTree(t, r.url("#main"), cache)
	assert.NilError(t, err)
	second := r.commit(files{"a": "2"})
	moved, err := fetchTree(t, r.url("#main"), cache)
	assert.NilError(t, err)
	assert.Equal(t, moved.Source, r.url("#"+second))
	assert.Assert(t, moved.Trees["source"].Digest() != before.Trees["source"].Digest())

	assert.NilError(t, os.Rename(r.dir, r.dir+".away"))
	t.Setenv("PATH", "")
	again, err := fetchTree(t, r.url("#"+first), cache)
	assert.NilError(t, err)
	assert.Equal(t, again.Trees["source"].Digest(), before.Trees["source"].Digest())

	_, err = fetchTree(t, r.url("#main"), cache)
	failsWith(t, err, "source: "+r.url("")+": the git command is not installed", "install git")
}

func TestGitCacheSurvivesKilledFetch(t *testing.T) {
	r := newRepo(t)
	r.commit(files{"a": "1"})
	cache := t.TempDir()
	files{"git/tmp-old/half": "", "git/tmp-new/half": ""}.write(t, cache)
	old := time.Now().Add(-48 * time.Hour)
	assert.NilError(t, os.Chtimes(cache+"/git/tmp-old", old, old))
	_, err := fetchTree(t, r.url(""), cache)
	assert.NilError(t, err)
	left, err := filepath.Glob(cache + "/git/tmp-*")
	assert.NilError(t, err)
	assert.DeepEqual(t, left, []string{cache + "/git/tmp-new"})
}

// A branch that moves on does not fill the disk: what nobody has asked for in a month goes when something new is
// fetched.
func TestGitCacheForgets(t *testing.T) {
	r := newRepo(t)
	cache := t.TempDir()
	fetch := func(ref string) {
		_, err := fetchTree(t, r.url("#"+ref), cache)
		assert.NilError(t, err)
	}
	held := func(commit string) bool {
		list, err := filepath.Glob(cache + "/git/" + commit + "-*")
		assert.NilError(t, err)
		return len(list) == 1
	}
	unused := r.commit(files{"a": "1"})
	fetch("main")
	used := r.commit(files{"a": "2"})
	fetch("main")
	list, err := filepath.Glob(cache + "/git/*")
	assert.NilError(t, err)
	old := time.Now().Add(-32 * 24 * time.Hour)
	for _, name := range list {
		assert.NilError(t, os.Chtimes(name, old, old))
	}
	fetch(used)
	newest := r.commit(files{"a": "3"})
	fetch("main")
	assert.Assert(t, !held(unused) && held(used) && held(newest))
}

// The content of the tree must not depend on whose settings fetched it.
func TestGitIgnoresSettings(t *testing.T) {
	r := newRepo(t)
	commit := r.commit(files{"a": "1\n2\n", "run": "x:1\n", ".gitattributes": "*.f filter=evil\n", "x.f": "kept\n"})
	plain, err := fetchTree(t, r.url("#"+commit), t.TempDir())
	assert.NilError(t, err)
	hooks := t.TempDir()
	files{"post-checkout": "x:#!/bin/sh\necho hook > hooked\n", "hooks/post-checkout": "x:#!/bin/sh\necho hook > hooked\n"}.write(t, hooks)
	settings := "[core]\nautocrlf = true\neol = crlf\nhooksPath = " + hooks + "\n[init]\ntemplateDir = " + hooks +
		"\n[filter \"evil\"]\nsmudge = tr a-z A-Z\nrequired = true\n"
	assert.NilError(t, os.WriteFile(os.Getenv("GIT_CONFIG_GLOBAL"), []byte(settings), 0o600))
	t.Setenv("GIT_DIR", "/nonexistent")
	t.Setenv("GIT_WORK_TREE", "/nonexistent")
	t.Setenv("GIT_INDEX_FILE", "/nonexistent")
	set, err := fetchTree(t, r.url("#"+commit), t.TempDir())
	assert.NilError(t, err)
	assert.DeepEqual(t, list(t, set.Trees["source"]), list(t, plain.Trees["source"]))
	assert.Equal(t, set.Trees["source"].Digest(), plain.Trees["source"].Digest())
}

// The user's settings do count for the way to the repository.
func TestGitTakesTheUsersWay(t *testing.T) {
	r := newRepo(t)
	commit := r.commit(files{"a": "1"})
	settings := "[url \"" + r.url("") + "\"]\ninsteadOf = https://unreachable.invalid/x.git\n"
	assert.NilError(t, os.WriteFile(os.Getenv("GIT_CONFIG_GLOBAL"), []byte(settings), 0o600))
	for _, ref := range []string{"", "#main", "#" + commit} {
		result, err := fetchTree(t, "https://unreachable.invalid/x.git"+ref, t.TempDir())
		assert.NilError(t, err)
		assert.Equal(t, result.Source, "https://unreachable.invalid/x.git#"+commit)
	}
}

// Without a scheme it is a repository as well, as for docker buildx's --build-context and in a Compose file, whatever
// folders there are.
func TestGitHubWithoutAScheme(t *testing.T) {
	r := newRepo(t)
	commit := r.commit(files{"a": "1"})
	settings := "[url \"" + r.url("") + "\"]\ninsteadOf = https://github.com/owner/repo\n"
	assert.NilError(t, os.WriteFile(os.Getenv("GIT_CONFIG_GLOBAL"), []byte(settings), 0o600))
	dir := folder(t, files{"github.com/owner/repo/b": ""})
	st := &stack.Stack{Name: "test", Dir: dir, Contexts: named{"source": {From: "source"}, "base": {From: "empty"}}}
	result, err := Load(context.Background(), st, Options{
		Source: "github.com/owner/repo", WorkDir: dir, Cache: t.TempDir(),
		Overrides: map[string]string{"base": "github.com/owner/repo#main", "mine": "./github.com/owner/repo"},
	})
	assert.NilError(t, err)
	assert.Equal(t, result.Source, "https://github.com/owner/repo#"+commit)
	for name, want := range map[string]string{"source": "f a", "base": "f a", "mine": "f b"} {
		assert.Equal(t, strings.Join(list(t, result.Trees[name]), ", "), want, name)
	}
}

func TestGitSubmodules(t *testing.T) {
	inner := newRepo(t)
	inner.commit(files{"in": "1"})
	r := newRepo(t)
	r.git("submodule", "--quiet", "add", inner.url(""), "module")
	commit := r.commit(files{"a": "1"})
	result, err := fetchTree(t, r.url("#"+commit), t.TempDir())
	assert.NilError(t, err)
	assert.DeepEqual(t, list(t, result.Trees["source"]), []string{"f .gitmodules", "f a", "d module", "f module/in"})

	settings := "[url \"" + r.url("") + "\"]\ninsteadOf = https://unreachable.invalid/x.git\n"
	assert.NilError(t, os.WriteFile(os.Getenv("GIT_CONFIG_GLOBAL"), []byte(settings), 0o600))
	_, err = fetchTree(t, "https://unreachable.invalid/x.git#"+commit, t.TempDir())
	failsWith(t, err, "source: https://unreachable.invalid/x.git: git submodule: transport 'file' not allowed", "check the address")
	result, err = fetchTree(t, "https://unreachable.invalid/x.git?submodules=false#"+commit, t.TempDir())
	assert.NilError(t, err)
	assert.DeepEqual(t, list(t, result.Trees["source"]), []string{"f .gitmodules", "f a", "d module"})
	_, err = fetchTree(t, "https://unreachable.invalid/x.git?checksum=0123#"+commit, t.TempDir())
	failsWith(t, err, "source: https://unreachable.invalid/x.git#"+commit+" is commit "+commit+", not 0123", "")
}

func TestGitConcurrent(t *testing.T) {
	r := newRepo(t)
	r.commit(files{"a": "1", "b/c": "2"})
	cache := t.TempDir()
	errs := make(chan error)
	for range 4 {
		go func() {
			_, err := fetchTree(t, r.url("#main"), cache)
			errs <- err
		}()
	}
	for range 4 {
		assert.NilError(t, <-errs)
	}
	left, err := filepath.Glob(cache + "/git/*")
	assert.NilError(t, err)
	assert.Equal(t, len(left), 1, "%v", left)
}

// git and what it has started end when the context does.
func TestGitCancel(t *testing.T) {
	bin, pipe := t.TempDir(), filepath.Join(t.TempDir(), "pipe")
	assert.NilError(t, mkfifo(pipe))
	script := "#!/bin/sh\nexec 3> '" + pipe + "'\n(sleep 20; echo survived >&3) &\necho started >&3\nwait\n"
	assert.NilError(t, os.WriteFile(bin+"/git", []byte(script), 0o755))
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	done := make(chan error)
	go func() {
		_, err := (git{remote: "https://unreachable.invalid/x.git"}).resolve(ctx, "main")
		done <- err
	}()
	said, err := os.Open(pipe)
	assert.NilError(t, err)
	defer said.Close()
	started := make([]byte, len("started\n"))
	_, err = io.ReadFull(said, started)
	assert.NilError(t, err)
	cancel()
	assert.Assert(t, errors.Is(<-done, context.Canceled))
	rest, err := io.ReadAll(said) // until nobody has the pipe open
	assert.NilError(t, err)
	assert.Equal(t, string(rest), "")
}

// One URL that several contexts are made from is fetched once, and a Git URL may be a build context.
func TestGitBuildContext(t *testing.T) {
	r := newRepo(t)
	commit := r.commit(files{"app/Dockerfile": "FROM x", "app/conf": "1", "app/" + ignoreName: "conf\n", "evil": "->/etc/passwd"})
	url := r.url("#main:app")
	st := &stack.Stack{
		Name: "test", Dir: t.TempDir(), Contexts: named{"again": {From: url}},
		Services: []stack.Service{{Name: "web", Build: &stack.Build{
			Context: url, AdditionalContexts: map[string]string{"third": url},
		}}},
	}
	var steps []string
	result, err := Load(context.Background(), st, Options{Cache: t.TempDir(), Progress: func(name, detail string) {
		steps = append(steps, name+": "+detail)
	}})
	assert.NilError(t, err)
	for _, name := range []string{"again", "service/web", "service/web/third"} {
		assert.DeepEqual(t, list(t, result.Trees[name]), []string{"f .dockerignore", "f Dockerfile"})
	}
	assert.DeepEqual(t, steps[:2], []string{"fetch " + url + ": ", "fetch " + url + ": commit " + commit})
	assert.Equal(t, len(steps), 4, "%v", steps)

	st.Contexts, st.Services[0].Build = nil, &stack.Build{Context: url, Dockerfile: "../evil"}
	_, err = Load(context.Background(), st, Options{Cache: t.TempDir()})
	failsWith(t, err, "service web: ../evil cannot be read: path escapes from parent", "")
}
