package kube

import (
	"runtime"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/kube/kubetest"
	"github.com/docker-bmo/docker-bmo/stack"
)

// sharing is the stack shop with a volume that two services have, and one next to a read-only filesystem.
func sharing() *stack.Stack {
	st := shop()
	st.Services[0].Mounts = []stack.Mount{
		{Target: "/backup/", Volume: "Up Loads", Shared: true}, {Target: "/var/lib/mysql", Volume: "own"},
	}
	st.Services[2].Mounts = []stack.Mount{
		{Target: "/uploads", Volume: "Up Loads", Shared: true, ReadOnly: true, Subpath: "done"}, {Target: "/cache", Shared: true},
	}
	return st
}

func sharingRequest() Request {
	r := request(sharing())
	for name, image := range PlaceholderImages(r.Stack) {
		if _, ok := label.VolumeName(name); ok {
			r.Images[name] = Image{Reference: "registry.example/shop@sha256:" + name, Architecture: image.Architecture}
		}
	}
	return r
}

// TestSharedVolumes: a volume is filled from its own image before anything else starts, and each service has it where it says.
func TestSharedVolumes(t *testing.T) {
	var order []string
	note := func(code int) kubetest.Program {
		return func(p *kubetest.Process) int {
			order = append(order, p.Container.Name)
			return code
		}
	}
	running := programs()
	running["fill-volume-1"], running["fill-volume-2"] = note(0), note(0)
	running["start-step-1"] = note(0)
	c, fake := newCluster(t, running)
	startShop(t, c, sharingRequest())
	assert.DeepEqual(t, order, []string{"fill-volume-1", "fill-volume-2", "start-step-1"})

	spec := fake.Pod().Spec
	fill := spec.InitContainers[0]
	assert.Assert(t, strings.HasPrefix(fill.Image, "registry.example/shop@sha256:volume:up-loads-"), fill.Image)
	assert.DeepEqual(t, fill.Command, []string{"/docker-bmo-fill", "/volume", "/docker-bmo-volume/content"})
	assert.Equal(t, fill.Resources.Limits.Memory().Value(), int64(512<<20), "what the first service that has the volume may take")
	assert.Equal(t, len(spec.InitContainers[1].Resources.Limits), 1, "%v", spec.InitContainers[1].Resources)
	name := fill.VolumeMounts[1].Name
	db := spec.InitContainers[slices.IndexFunc(spec.InitContainers, func(c corev1.Container) bool { return c.Name == "db" })]
	backup := corev1.VolumeMount{Name: name, MountPath: "/backup", SubPath: "content"}
	assert.Assert(t, slices.Contains(db.VolumeMounts, backup), "%v", db.VolumeMounts)
	for _, web := range []corev1.Container{spec.Containers[1], spec.InitContainers[3]} { // the step has what the service has
		uploads := corev1.VolumeMount{Name: name, MountPath: "/uploads", SubPath: "content/done", ReadOnly: true}
		cached := func(m corev1.VolumeMount) bool { return m.MountPath == "/cache" }
		assert.Assert(t, slices.Contains(web.VolumeMounts, uploads), "%v", web.VolumeMounts)
		assert.Assert(t, slices.ContainsFunc(web.VolumeMounts, cached), "%v", web.VolumeMounts)
	}
	for _, ctr := range slices.Concat(spec.InitContainers, spec.Containers) {
		for _, m := range ctr.VolumeMounts {
			there := func(v corev1.Volume) bool { return v.Name == m.Name }
			assert.Check(t, slices.ContainsFunc(spec.Volumes, there), "%s of %s", m.Name, ctr.Name)
		}
	}
	var secret corev1.Secret
	fake.Get("secrets", "docker-bmo-shop-1", &secret)
	assert.Equal(t, string(secret.Data["fill"]), string(fillPrograms[runtime.GOARCH]))
}

// TestVolumeIsNotFilled: why is said, and nothing stays.
func TestVolumeIsNotFilled(t *testing.T) {
	running := programs()
	running["fill-volume-1"] = func(p *kubetest.Process) int {
		p.Print("cannot write /docker-bmo-volume/content.new/file: no space left on device")
		return 1
	}
	c, fake := newCluster(t, running)
	_, err := c.Start(t.Context(), sharingRequest())
	assert.ErrorContains(t, err, "volume up-loads-")
	assert.ErrorContains(t, err, "cannot be filled: cannot write /docker-bmo-volume/content.new/file: no space left on device")
	assert.Equal(t, len(fake.Names()), 0, "%v", fake.Names())

	r := sharingRequest()
	for name, image := range r.Images {
		image.Architecture = "riscv64"
		r.Images[name] = image
	}
	_, err = c.Start(t.Context(), r)
	assert.ErrorContains(t, err, `cannot be filled in a Pod: its image is for the architecture "riscv64"`)
	assert.Assert(t, len(hint.All(err)) > 0)
	assert.Equal(t, fake.Asked()["create jobs"], 1)
}

// TestManifestFillsVolumes: what kubectl applies does it, too, and says which image is to be put in.
func TestManifestFillsVolumes(t *testing.T) {
	r := request(sharing())
	r.Images = PlaceholderImages(r.Stack)
	text, notes, err := Manifest(r, when)
	assert.NilError(t, err)
	assert.Equal(t, len(notes), 0)
	for _, want := range []string{
		"image: SNAPSHOT-IMAGE-OF-VOLUME-up-loads-", "- emptyDir: {}", "  fill: ", "- /docker-bmo-fill", "subPath: content/done",
	} {
		assert.Check(t, strings.Contains(string(text), want), "no %q in:\n%s", want, text)
	}
}
