package archtest

import (
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"gotest.tools/v3/assert"
)

// TestNoCodeOfTheEngine: of github.com/docker/docker the plugin has the client, types and helpers, and nothing of dockerd,
// which scanners report errors of. docs/security.md says so.
func TestNoCodeOfTheEngine(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", module+"/cmd/docker-bmo").Output()
	assert.NilError(t, err)
	fine := regexp.MustCompile(`^github\.com/docker/docker/(api(/types.*)?|client|pkg/(jsonmessage|stdcopy|progress|streamformatter))$`)
	for path := range strings.FieldsSeq(string(out)) {
		if strings.HasPrefix(path, "github.com/docker/docker/") {
			assert.Check(t, fine.MatchString(path), path)
		}
	}
}
