package stack

import (
	"regexp"
	"strings"
)

// scpStyle is an address as scp and git take it, USER@HOST:PATH; BuildKit's sshutil has the same rule.
var scpStyle = regexp.MustCompile(`^[a-zA-Z0-9_-]+@[a-zA-Z0-9.-]+:`)

// IsURL reports whether the text that names a build context is a URL rather than a folder: one with a scheme, an
// scp-style Git address, or github.com/OWNER/REPO, which Compose (paths.isRemoteContext of compose-go) and the
// --build-context of docker buildx take for https://github.com/OWNER/REPO. Neither of the two looks whether there is a
// folder of that name, so that the text alone decides and means the same wherever the file is; ./github.com/OWNER is a
// folder. Only the positional PATH of docker build, for which there is nothing here, prefers the folder.
func IsURL(text string) bool {
	return strings.Contains(text, "://") || strings.HasPrefix(text, "github.com/") || scpStyle.MatchString(text)
}
