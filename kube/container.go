package kube

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/docker/go-units"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/launch"
	"github.com/docker-bmo/docker-bmo/stack"
)

// loopback is the Pod's own address within itself, and this machine's for what is forwarded.
const loopback = engine.Loopback

// container returns the container of a service.
func (p *plan) container(s stack.Service) corev1.Container {
	c := p.base(s)
	c.Name = containerName(s.Name)
	for _, port := range listening(p.Stack, s) {
		c.Ports = append(c.Ports, corev1.ContainerPort{ContainerPort: int32(port), Protocol: corev1.ProtocolTCP})
	}
	c.StartupProbe = p.startupProbe(s)
	if m := s.Ready.MySQL; m != nil && c.StartupProbe != nil && c.StartupProbe.Exec != nil {
		c.Env = append(c.Env, corev1.EnvVar{Name: probePassword, Value: escape(m.Password)})
	}
	return c
}

// base is what a service's container and those of its steps have in common.
func (p *plan) base(s stack.Service) corev1.Container {
	return corev1.Container{
		Image: p.Images[s.Name].Reference, Command: escapeAll(s.Entrypoint), Args: escapeAll(s.Command),
		WorkingDir: s.WorkingDir, Env: p.env(s), TTY: s.Settings.TTY, Stdin: s.Settings.StdinOpen,
		Resources: resources(s), SecurityContext: containerSecurity(s), VolumeMounts: p.mounts(s),
	}
}

// env returns the environment of a service, sorted, with what the application is told of its address.
func (p *plan) env(s stack.Service) []corev1.EnvVar {
	env := maps.Clone(p.secrets.ExpandAll(s.Environment))
	if env == nil {
		env = map[string]string{}
	}
	if s.Name == p.Stack.URL.Service {
		told, _ := p.Stack.URL.Render(p.vars()) // loading the stack has rendered it already: there is no error
		maps.Copy(env, told)
	}
	if s.Name == p.lead() {
		maps.Copy(env, p.Environment)
	}
	return p.variables(env)
}

// variables returns an environment as a container has it. Where it tells of the node's address, Kubernetes fills that in.
func (p *plan) variables(env map[string]string) []corev1.EnvVar {
	var list []corev1.EnvVar
	node := false
	for _, name := range slices.Sorted(maps.Keys(env)) {
		value := escape(env[name])
		if p.at.host == nodeHost && strings.Contains(env[name], nodeHost) {
			value, node = strings.ReplaceAll(value, escape(nodeHost), nodeHost), true
		}
		list = append(list, corev1.EnvVar{Name: name, Value: value})
	}
	if node { // a variable has to come before those that use it
		list = append([]corev1.EnvVar{{
			Name: nodeVariable, ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: "status.hostIP"}},
		}}, list...)
	}
	return list
}

// escape keeps Kubernetes from replacing $(NAME) in a text of the stack's.
func escape(text string) string {
	if strings.Contains(text, "$(") || strings.Contains(text, "$$") {
		return strings.ReplaceAll(text, "$", "$$")
	}
	return text
}

func escapeAll(words []string) []string {
	out := slices.Clone(words)
	for i, w := range out {
		out[i] = escape(w)
	}
	return out
}

// ownSteps returns the steps of the start that run before a service, each in a container of its own.
func (p *plan) ownSteps(s stack.Service) (list []corev1.Container) {
	for i, step := range p.Stack.Start {
		if step.Service != s.Name || step.Exec {
			continue
		}
		env, _ := stack.URL{Environment: step.Environment}.Render(p.vars())
		step.Environment = env
		c := p.base(launch.InStep(s, step))
		c.Name = stepName(i)
		list = append(list, c)
	}
	return list
}

// stepName is what the container of the ith step of the start is called.
func stepName(i int) string { return "start-step-" + strconv.Itoa(i+1) }

// resources are the limits of the service in its flavor. What it is promised is what it may take, so that the scheduler
// finds it a node that has it.
func resources(s stack.Service) corev1.ResourceRequirements {
	r := corev1.ResourceRequirements{}
	set := func(to *corev1.ResourceList, name corev1.ResourceName, q *resource.Quantity) {
		if *to == nil {
			*to = corev1.ResourceList{}
		}
		(*to)[name] = *q
	}
	if s.MemLimit > 0 {
		set(&r.Limits, corev1.ResourceMemory, resource.NewQuantity(s.MemLimit, resource.BinarySI))
	}
	if wanted := cmp.Or(s.Settings.MemReservation, s.MemLimit); wanted > 0 {
		set(&r.Requests, corev1.ResourceMemory, resource.NewQuantity(wanted, resource.BinarySI))
	}
	cpus := s.Settings.CPUs
	if s.Settings.CPUQuota > 0 {
		cpus = float64(s.Settings.CPUQuota) / float64(cmp.Or(s.Settings.CPUPeriod, 100000))
	}
	if cpus > 0 {
		set(&r.Limits, corev1.ResourceCPU, resource.NewMilliQuantity(int64(cpus*1000), resource.DecimalSI))
		set(&r.Requests, corev1.ResourceCPU, resource.NewMilliQuantity(int64(cpus*1000), resource.DecimalSI))
	}
	return r
}

// mounts are the files and folders of a container that are not its image's.
func (p *plan) mounts(s stack.Service) (list []corev1.VolumeMount) {
	for i, t := range s.Tmpfs {
		at, _, _ := strings.Cut(t, ":")
		list = append(list, corev1.VolumeMount{Name: tmpfsName(s, i), MountPath: at})
	}
	if s.ShmSize > 0 {
		list = append(list, corev1.VolumeMount{Name: shmName(s), MountPath: "/dev/shm"})
	}
	list = append(list, p.sharedMounts(s)...)
	for i, f := range s.Files {
		list = append(list, corev1.VolumeMount{Name: filesName(s), MountPath: path.Clean(f.Target), SubPath: fileKey(s, i), ReadOnly: true})
	}
	return list
}

// volumes are what mounts mounts, but for those that services share.
func (p *plan) volumes(s stack.Service) (list []corev1.Volume) {
	memory := func(name string, size int64) {
		v := &corev1.EmptyDirVolumeSource{Medium: corev1.StorageMediumMemory}
		if size > 0 {
			v.SizeLimit = resource.NewQuantity(size, resource.BinarySI)
		}
		list = append(list, corev1.Volume{Name: name, VolumeSource: corev1.VolumeSource{EmptyDir: v}})
	}
	for i, t := range s.Tmpfs {
		size, _ := tmpfsSize(t) // Check has seen it
		memory(tmpfsName(s, i), size)
	}
	if s.ShmSize > 0 {
		memory(shmName(s), s.ShmSize)
	}
	if len(s.Files) > 0 {
		source := &corev1.SecretVolumeSource{SecretName: objectName(p.Name)}
		for i, f := range s.Files {
			source.Items = append(source.Items, corev1.KeyToPath{Key: fileKey(s, i), Path: fileKey(s, i), Mode: ptr(int32(f.Mode.Perm()))})
		}
		list = append(list, corev1.Volume{Name: filesName(s), VolumeSource: corev1.VolumeSource{Secret: source}})
	}
	return list
}

// Names of volumes begin with a few letters and end with what they are for, cut so that they are never too long.
func volumeName(kind, of string, i int) string {
	name := containerName(of)
	return fmt.Sprintf("%s-%d-%s", kind, i, strings.TrimRight(name[:min(len(name), 50)], "-"))
}

func tmpfsName(s stack.Service, i int) string { return volumeName("tmpfs", s.Name, i) }
func shmName(s stack.Service) string          { return volumeName("shm", s.Name, 0) }
func filesName(s stack.Service) string        { return volumeName("files", s.Name, 0) }

// fileKey is what a secret or a config of a service is called in the instance's Secret.
func fileKey(s stack.Service, i int) string { return containerName(s.Name) + "." + strconv.Itoa(i) }

// tmpfsSize returns the size that a tmpfs may have, 0 if it does not say.
func tmpfsSize(tmpfs string) (int64, error) {
	_, options, _ := strings.Cut(tmpfs, ":")
	for _, o := range strings.Split(options, ",") {
		if size, ok := strings.CutPrefix(o, "size="); ok {
			n, err := units.RAMInBytes(size)
			if err != nil {
				return 0, fmt.Errorf("invalid size %q", size)
			}
			return n, nil
		}
	}
	return 0, nil
}
