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

	"github.com/docker-bmo/docker-bmo/stack"
)

// A location is where somebody says that a tree is: a folder, a Git URL or what
// BuildKit fetches itself. One of the fields below the text is set.
type location struct {
	text   string
	folder string
	git    *dfgitutil.GitRef
	remote string
}

// parseLocation tells a folder, a Git URL and an image apart.
func parseLocation(text string) (location, error) {
	loc := location{text: text}
	err := loc.parse()
	return loc, err
}

func (l *location) parse() (err error) {
	text := l.text
	scheme, _, _ := strings.Cut(text, "://")
	switch scheme = strings.ToLower(scheme); {
	case text == "":
		return errors.New("the path is empty")
	case !stack.IsURL(text):
		l.folder = text
		return nil
	case scheme == "docker-image" || scheme == "oci-layout":
		l.remote = text
		return checkRemote(text)
	case scheme == "file":
		l.git, err = parseFileURL(text)
		return err
	}
	ref, isGit, err := dfgitutil.ParseGitRef(text)
	switch {
	case err == nil && ref.IndistinguishableFromLocal: // github.com/OWNER/REPO
		ref.Remote = "https://" + ref.Remote
		fallthrough
	case err == nil:
		l.git = ref
		return checkGitRef(ref)
	case isGit:
		return fmt.Errorf("%s: %w", shown(text), err)
	}
	return fmt.Errorf("%s is not the URL of a Git repository\n"+
		"hint: over HTTP it ends in .git, as in https://host/owner/repo.git#branch", shown(text))
}

func checkRemote(text string) error {
	if image, ok := strings.CutPrefix(text, "docker-image://"); ok {
		if _, err := reference.ParseNormalizedNamed(image); err != nil {
			return fmt.Errorf("%q is not the name of an image", image)
		}
	}
	return nil
}

// parseFileURL takes the URL of a repository on this machine, which git knows
// and BuildKit does not.
func parseFileURL(text string) (*dfgitutil.GitRef, error) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, err
	}
	parsed, err := gitutil.FromURL(u)
	if err != nil {
		return nil, err
	}
	ref := &dfgitutil.GitRef{Remote: parsed.Remote}
	if parsed.Opts != nil {
		ref.Ref, ref.SubDir = parsed.Opts.Ref, parsed.Opts.Subdir
	}
	if len(parsed.Query) > 0 {
		return nil, fmt.Errorf("%s: no query is taken here\nhint: write URL#REF:FOLDER", text)
	}
	return ref, checkGitRef(ref)
}

func checkGitRef(ref *dfgitutil.GitRef) error {
	switch {
	case strings.HasPrefix(ref.Ref, "-"):
		return fmt.Errorf("%q is not a Git ref", ref.Ref)
	case ref.KeepGitDir != nil && *ref.KeepGitDir:
		return fmt.Errorf("%s: keep-git-dir is not supported", shown(ref.Remote))
	}
	return nil
}

// shown is a URL without the password in it.
func shown(text string) string { return urlutil.RedactCredentials(text) }
