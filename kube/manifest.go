package kube

import (
	"bytes"
	"fmt"
	"runtime"
	"strings"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/docker-bmo/docker-bmo/instance"
	"github.com/docker-bmo/docker-bmo/internal/label"
	"github.com/docker-bmo/docker-bmo/launch"
	"github.com/docker-bmo/docker-bmo/stack"
)

// Manifest returns an instance as it is applied without docker bmo: a Service, by whose name the application knows itself, a
// Secret if it needs one, and the Job. It has no time limit. notes say what the manifest leaves to its user.
func Manifest(r Request, now time.Time) (text []byte, notes []string, err error) {
	r.Detach, r.Owner = true, ""
	p, err := newPlan(r, now)
	if err != nil {
		return nil, nil, err
	}
	if err := CheckName(p.Name); err != nil {
		return nil, nil, err
	}
	p.at = place{host: objectName(p.Name), port: p.Stack.URL.Port, ports: map[string]map[int]int{}}
	for _, q := range p.publish() {
		p.at.add(q)
	}
	for i, step := range p.Stack.Start {
		if step.Exec {
			notes = append(notes, fmt.Sprintf("step %d of the start is not in the manifest: run `%s` in the container %s when it is ready",
				i+1, strings.Join(step.Command, " "), containerName(step.Service)))
		}
	}
	secret, err := p.secret()
	if err != nil {
		return nil, nil, err
	}
	job := p.job(nil)
	job.Spec.TTLSecondsAfterFinished = nil // who applies it looks at what has become of it, and removes it
	delete(job.Annotations, label.Created)
	delete(job.Spec.Template.Annotations, label.Created)
	job.Annotations[label.Ready] = "true"
	if p.url() != "" {
		job.Annotations[label.URL] = p.url()
	}
	var objects []any
	if s := p.service(); s != nil {
		s.Annotations = nil
		objects = append(objects, s)
	}
	if secret != nil {
		objects = append(objects, secret)
	}
	text, err = documents(append(objects, job))
	return text, notes, err
}

// add notes a published port.
func (at *place) add(q instance.Publish) {
	if at.ports[q.Service] == nil {
		at.ports[q.Service] = map[int]int{}
	}
	if at.ports[q.Service][q.Port] = q.Public; q.Public == 0 {
		at.ports[q.Service][q.Port] = q.Port
	}
}

// documents returns objects as YAML, without what the cluster adds.
func documents(objects []any) ([]byte, error) {
	var b bytes.Buffer
	for i, o := range objects {
		text, err := yaml.Marshal(o)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			b.WriteString("---\n")
		}
		for line := range strings.Lines(string(text)) {
			switch strings.TrimSpace(line) {
			case "status: {}", "creationTimestamp: null", "loadBalancer: {}", "status:", "resources: {}":
			default:
				b.WriteString(line)
			}
		}
	}
	return b.Bytes(), nil
}

// PlaceholderImages are the images of a stack of which nobody has a snapshot: names that no registry has.
func PlaceholderImages(st *stack.Stack) map[string]Image {
	images := map[string]Image{}
	for _, s := range st.Services {
		images[s.Name] = Image{Reference: "SNAPSHOT-IMAGE-OF-" + s.Name}
	}
	for _, name := range launch.VolumeNames(launch.Lasting(st)) {
		images[label.Volume(name)] = Image{Reference: "SNAPSHOT-IMAGE-OF-VOLUME-" + name, Architecture: runtime.GOARCH}
	}
	return images
}
