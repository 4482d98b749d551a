package contexts

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/distribution/reference"
	"github.com/moby/buildkit/frontend/dockerfile/dfgitutil"
	"github.com/moby/buildkit/util/gitutil"
	"github.com/moby/buildkit/util/urlutil"

	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/stack"
)

// A contextRef is what a user or a stack gives for a tree: a folder, a Git URL or something that BuildKit fetches
// itself. One of the fields after the text is set.
type contextRef struct {
	text   string
	folder string
	git    *dfgitutil.GitRef
	remote string
}

// parseRef tells a folder, a Git URL and an image apart.
func parseRef(text string) (contextRef, error) {
	ref := contextRef{text: text}
	err := ref.parse()
	return ref, err
}

func (r *contextRef) parse() (err error) {
	text := r.text
	scheme, _, _ := strings.Cut(text, "://")
	switch scheme = strings.ToLower(scheme); {
	case text == "":
		return errors.New("the path is empty")
	case !stack.IsURL(text):
		r.folder = text
		return nil
	case scheme == "docker-image" || scheme == "oci-layout":
		r.remote = text
		return checkRemote(text)
	case scheme == "file":
		r.git, err = parseFileURL(text)
		return err
	}
	gitRef, isGit, err := dfgitutil.ParseGitRef(text)
	switch {
	case err == nil && gitRef.IndistinguishableFromLocal: // github.com/OWNER/REPO
		gitRef.Remote = "https://" + gitRef.Remote
		fallthrough
	case err == nil:
		r.git = gitRef
		return checkGitRef(gitRef)
	case isGit:
		return fmt.Errorf("%s: %w", redacted(text), err)
	}
	return hint.Wrap(fmt.Errorf("%s is not the URL of a Git repository", redacted(text)),
		"over HTTP it ends in .git, as in https://host/owner/repo.git#branch")
}

func checkRemote(text string) error {
	if image, ok := strings.CutPrefix(text, "docker-image://"); ok {
		if _, err := reference.ParseNormalizedNamed(image); err != nil {
			return fmt.Errorf("%q is not the name of an image", image)
		}
	}
	return nil
}

// parseFileURL parses the URL of a repository on this machine, which git supports and BuildKit does not.
func parseFileURL(text string) (*dfgitutil.GitRef, error) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, err
	}
	parsed, err := gitutil.FromURL(u)
	if err != nil {
		return nil, err
	}
	gitRef := &dfgitutil.GitRef{Remote: parsed.Remote}
	if parsed.Opts != nil {
		gitRef.Ref, gitRef.SubDir = parsed.Opts.Ref, parsed.Opts.Subdir
	}
	if len(parsed.Query) > 0 {
		return nil, hint.Wrap(fmt.Errorf("%s: a query is not supported", text), "write URL#REF:FOLDER")
	}
	return gitRef, checkGitRef(gitRef)
}

func checkGitRef(gitRef *dfgitutil.GitRef) error {
	switch {
	case strings.HasPrefix(gitRef.Ref, "-"):
		return fmt.Errorf("%q is not a Git ref", gitRef.Ref)
	case gitRef.KeepGitDir != nil && *gitRef.KeepGitDir:
		return fmt.Errorf("%s: keep-git-dir is not supported", redacted(gitRef.Remote))
	}
	return nil
}

// redacted returns a URL without its user name and password.
func redacted(text string) string { return urlutil.RedactCredentials(text) }
