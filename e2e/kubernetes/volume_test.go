package kubernetes

import (
	"os"
	"strings"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/e2e/harness"
)

// stored makes files of many kinds where the volume of the test is mounted in its image.
const stored = `
FROM debian:trixie-slim
RUN mkdir -p /data/deep/er /data/empty && echo text >/data/deep/er/text && ln /data/deep/er/text /data/link \
 && ln -s ../nowhere /data/deep/dangling && mkfifo /data/pipe && head -c 1m /dev/urandom >/data/large \
 && printf '#!/bin/sh\n' >"/data/a run" && chmod 4755 "/data/a run" && chmod 1777 /data/empty && chmod 600 /data/large \
 && chown -R 33:1000 /data/deep && chown 33 /data && touch -d 2001-02-03T04:05:06Z /data/large
COPY server.pl first-run.sh /srv/
COPY --from=shared . /srv/shared
CMD ["perl", "/srv/server.pl"]
`

// listing describes all that is below a folder. When a folder was changed is not kept by an engine, either.
const listing = `cd /data && find . -type d -printf '%M %U:%G %p\n' -o -printf '%M %n %U:%G %s %Ts %p -> %l\n' | sort && find . -type f -exec cksum {} + | sort -k 3`

// A volume that two services share has on a cluster the content that it has on an engine: what one writes there the other reads, and it
// cannot write where it may only read.
func TestSharedVolume(t *testing.T) {
	w := newTeam(t)
	t.Setenv("DOCKER_BMO_REPOSITORY", os.Getenv("BMO_KUBERNETES_REGISTRY")+"/e2e/volume")
	a := harness.CopyMini(t, t.TempDir(), "bmo-e2e-kubernetes-volume", harness.Edits{
		"volumes":              map[string]any{"data": nil},
		"services.web.volumes": []string{"data:/data"},
		"services.reader": map[string]any{
			"image": "debian:trixie-slim", "command": []string{"sleep", "infinity"}, "volumes": []string{"data:/data:ro"}, "init": true,
		},
	})
	a.Write(t, "Dockerfile", stored)
	a.Flags = strings.Fields(os.Getenv("BMO_BUILD_ARGS"))
	start := func(on ...string) string {
		return instances(t, a.Do(t, "run", append(on, "--detach", "--format", "json")...))[0].Name
	}
	engine := start()
	t.Cleanup(func() { harness.BMO(t, "stop", "--timeout", "0", engine).OK(t) })
	want := harness.BMO(t, "exec", "-T", engine, "web", "sh", "-c", listing).OK(t).Text()
	assert.Assert(t, strings.Contains(want, "./deep/dangling -> ../nowhere"), want)

	name := start("--on", w.on())
	exec := func(service, script string) harness.Result {
		return w.do("exec", "-T", name, service, "sh", "-c", script)
	}
	for _, service := range []string{"web", "reader"} {
		assert.Equal(t, exec(service, listing).OK(t).Text(), want, service)
	}
	exec("web", "echo written >/data/deep/new").OK(t)
	assert.Equal(t, exec("reader", "cat /data/deep/new").OK(t).Text(), "written")
	exec("reader", "echo no >/data/deep/new").Fails(t, 2, "Read-only file system")
	w.do("stop", "--timeout", "1", name).OK(t)
	w.leavesNothing()
}
