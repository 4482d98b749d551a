package kube

import (
	_ "embed" // for the programs
	"fmt"
	"path"
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/launch"
	"github.com/docker-bmo/docker-bmo/stack"
)

// An engine fills a volume with the content of an image when it creates a container; a cluster does not. So the image runs
// once before the services, with the volume and a program that copies. There is no program in it, and none need be in the
// services' images: ours is a file of the instance's Secret, which has 1 MB for it and needs 5 KB.

// The programs are compiled from fill/fill.c by hack/static.
var (
	//go:embed fill/fill-amd64
	fillAMD64 []byte
	//go:embed fill/fill-arm64
	fillARM64 []byte

	fillPrograms = map[string][]byte{"amd64": fillAMD64, "arm64": fillARM64}
)

const (
	// fillKey is what the program is called in the Secret, and fillProgram the Pod's volume with it.
	fillKey, fillProgram = "fill", "fill"
	// fillPath and fillTarget are where the program and the volume are in the container that fills it.
	fillPath, fillTarget = "/docker-bmo-fill", "/docker-bmo-volume"
	// contentFolder is the folder of the volume that the services have: it is there only when it is whole, so that a program
	// that is run again leaves alone what the services have written since.
	contentFolder = "content"
)

// sharedVolumes are the volumes that are not folders of one service's image, sorted.
func (p *plan) sharedVolumes() []string { return launch.VolumeNames(p.services) }

// checkFilling refuses a snapshot whose volumes we have no program to fill for.
func (p *plan) checkFilling() error {
	for _, name := range p.sharedVolumes() {
		arch := p.Images[label.Volume(name)].Architecture
		if fillPrograms[arch] == nil {
			return hint.Wrap(fmt.Errorf("volume %s cannot be filled in a Pod: its image is for the architecture %q", name, arch),
				"let one service have the volume, on a filesystem that can be written to; then it is a folder in that service's image")
		}
	}
	return nil
}

// program is what fills the volumes, nil if there are none.
func (p *plan) program() []byte {
	for _, name := range p.sharedVolumes() {
		return fillPrograms[p.Images[label.Volume(name)].Architecture]
	}
	return nil
}

// fillCapabilities are those that give files their owners and modes, whoever they belong to.
var fillCapabilities = []corev1.Capability{"CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "SETFCAP"}

// filling returns the containers that fill the volumes. Each may take what the first service that has the volume may.
func (p *plan) filling() (list []corev1.Container) {
	for i, name := range p.sharedVolumes() {
		first := slices.IndexFunc(p.services, func(s stack.Service) bool {
			return slices.Contains(launch.VolumeNames([]stack.Service{s}), name)
		})
		list = append(list, corev1.Container{
			Name: fillName(i), Image: p.Images[label.Volume(name)].Reference,
			Command:   []string{fillPath, engine.CarrierPath, path.Join(fillTarget, contentFolder)},
			Resources: resources(p.services[first]),
			SecurityContext: &corev1.SecurityContext{
				RunAsUser: ptr(int64(0)), RunAsGroup: ptr(int64(0)), ReadOnlyRootFilesystem: ptr(true), AllowPrivilegeEscalation: ptr(false),
				SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
				Capabilities:   &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}, Add: fillCapabilities},
			},
			VolumeMounts: []corev1.VolumeMount{
				{Name: fillProgram, MountPath: fillPath, SubPath: fillKey, ReadOnly: true},
				{Name: sharedName(i, name), MountPath: fillTarget},
			},
		})
	}
	return list
}

// fillName is what the container is called that fills the ith volume.
func fillName(i int) string { return "fill-volume-" + strconv.Itoa(i+1) }

// sharedName is what the ith volume is called in the Pod.
func sharedName(i int, name string) string { return volumeName("volume", name, i) }

// filledBy returns the name of the volume that a container fills.
func (p *plan) filledBy(container string) (name string, ok bool) {
	for i, name := range p.sharedVolumes() {
		if fillName(i) == container {
			return name, true
		}
	}
	return "", false
}

// sharedMounts are the mounts of a service that are such volumes.
func (p *plan) sharedMounts(s stack.Service) (list []corev1.VolumeMount) {
	names := p.sharedVolumes()
	for _, m := range s.Mounts {
		if !m.Shared {
			continue
		}
		name := launch.VolumeName(s, m)
		list = append(list, corev1.VolumeMount{
			Name: sharedName(slices.Index(names, name), name), MountPath: path.Clean(m.Target),
			SubPath: path.Join(contentFolder, m.Subpath), ReadOnly: m.ReadOnly,
		})
	}
	return list
}

// sharedSources are what those mounts mount, and the program.
func (p *plan) sharedSources() (list []corev1.Volume) {
	for i, name := range p.sharedVolumes() {
		empty := corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}
		list = append(list, corev1.Volume{Name: sharedName(i, name), VolumeSource: empty})
	}
	if len(list) > 0 {
		list = append(list, corev1.Volume{Name: fillProgram, VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{
			SecretName: objectName(p.Name), Items: []corev1.KeyToPath{{Key: fillKey, Path: fillKey, Mode: ptr(int32(0o555))}},
		}}})
	}
	return list
}
