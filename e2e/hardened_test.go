package e2e

import (
	"regexp"
	"strings"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/e2e/harness"
)

// Containers have no more than most applications need, and what the file says loosens that. Each instance has secrets of
// its own, which are on no image.
func TestR17HardenedContainers(t *testing.T) {
	t.Parallel()
	a := newCompose(t, "hardened", harness.Edits{
		"services.store.cap_add": []string{"NET_RAW"}, "services.store.pids_limit": 99,
		"services.store.security_opt": []string{"no-new-privileges:false"},
		"services.store.environment":  map[string]string{"TOKEN": `{{.Secret "token"}}`},
		"services.web.environment":    map[string]string{"SAME": `{{.Secret "token"}}`},
	})
	key := a.Build(t)
	one, two := a.Run(t), a.Run(t)
	status := func(i *harness.Instance, service string) string {
		return harness.Docker(t, "exec", i.Services[service], "grep", "-E", "^(NoNewPrivs|CapBnd)", "/proc/1/status")
	}
	assert.Equal(t, status(one, "web"), "CapBnd:\t00000000800405fb\nNoNewPrivs:\t1")
	assert.Equal(t, status(one, "store"), "CapBnd:\t00000000800425fb\nNoNewPrivs:\t0")
	limits := "{{.HostConfig.PidsLimit}}"
	assert.Equal(t, harness.Docker(t, "inspect", "--format", limits, one.Services["web"]), "4096")
	assert.Equal(t, harness.Docker(t, "inspect", "--format", limits, one.Services["store"]), "99")

	secret := func(i *harness.Instance, service, name string) string {
		v := harness.Docker(t, "exec", i.Services[service], "sh", "-c", "echo $"+name)
		assert.Assert(t, regexp.MustCompile("^[A-Z2-7]{26}$").MatchString(v), v)
		return v
	}
	token := secret(one, "store", "TOKEN")
	assert.Equal(t, secret(one, "web", "SAME"), token)
	assert.Assert(t, secret(two, "store", "TOKEN") != token)
	for _, service := range []string{"store", "web"} {
		assert.Assert(t, !strings.Contains(harness.Docker(t, "image", "inspect", a.Image(t, key, service)), "TOKEN"))
	}
}
