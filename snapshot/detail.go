package snapshot

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/internal/label"
)

// Detail is everything that is known about a snapshot.
type Detail struct {
	Key, Inputs, Stack, Version string
	Created                     time.Time
	// AfterStep is how many of the bootstrap's steps a checkpoint has behind it; 0 for a snapshot.
	AfterStep int `json:",omitempty"`
	// Name, Parent and Drift are those of a snapshot that was committed: what it is called, the key of the snapshot whose
	// instance that was (or that the bootstrap went on from, whose inputs differ), and what the stack had become by then that the parent was not made of, nil if that is not known.
	Name, Parent string   `json:",omitempty"`
	Drift        []string `json:",omitempty"`
	// Data is the key and the platform of the snapshot whose data it has, if its own bootstrap has not made them.
	Data string `json:",omitempty"`
	// Source is where the application's source came from, when that was a Git URL.
	Source string
	// Bases are the names of the base images.
	Bases []string
	Size  int64
	// Contexts maps build contexts to their digests.
	Contexts map[string]string
	// Labels are those that all images share and that docker bmo has not set: the user's, or those of a common base image.
	Labels map[string]string
	// Services are by name.
	Services map[string]ServiceDetail
	// Volumes are the images that carry the content of volumes, by the volume's name.
	Volumes map[string]ServiceDetail `json:",omitempty"`
}

// ServiceDetail is a service's image.
type ServiceDetail struct {
	ImageID string
	// Parent is the image before bootstrap, or before the instance that was committed.
	Parent string
	Tags   []string
	Size   int64
}

// Detail returns what is known about the snapshot.
func (s Snapshot) Detail() Detail {
	d := Detail{
		Key: s.Key, Inputs: s.Inputs, Stack: s.Stack, Version: s.Version, Created: s.Created, Size: s.Size(),
		Name: s.Name, Parent: s.Parent, Drift: s.Drift(), AfterStep: s.AfterStep, Data: s.Grafted(),
		Bases: s.Bases(), Contexts: map[string]string{}, Labels: s.UserLabels(), Services: map[string]ServiceDetail{},
	}
	for service, img := range s.Images {
		detail := ServiceDetail{ImageID: img.ID, Parent: img.Labels[label.Parent], Tags: img.Tags, Size: img.Size}
		if name, ok := label.VolumeName(service); ok {
			if d.Volumes == nil {
				d.Volumes = map[string]ServiceDetail{}
			}
			d.Volumes[name] = detail
			continue
		}
		d.Services[service] = detail
		d.Source = img.Labels[label.Source]
		for k, v := range img.Labels {
			if name, ok := strings.CutPrefix(k, label.Context); ok {
				d.Contexts[name] = v
			}
		}
	}
	return d
}

// driftSeparator separates what has drifted.
const driftSeparator = "; "

// maxDrift is how long a label with that may be.
const maxDrift = 4 << 10

// DriftLabel returns what is not as it was as a label; "" if that is nothing.
func DriftLabel(list []string) string {
	text := strings.Join(list, driftSeparator)
	if len(text) > maxDrift {
		return text[:strings.LastIndex(text[:maxDrift], " ")+1] + "..."
	}
	return text
}

// Drift returns what was not as it was when the snapshot's parent was made, in words.
func (s Snapshot) Drift() []string {
	text := s.SharedLabels()[label.Drift]
	if text == "" {
		return nil
	}
	return strings.Split(text, driftSeparator)
}

// inherited are the labels that say what a snapshot was made of.
var inherited = []string{label.Steps, label.BuildArgs, label.Remote, label.Source, label.Bases, label.BaseDigests, label.StepDigests}

// Inherited returns the labels that a snapshot has of what its parent was made of.
func (s Snapshot) Inherited() map[string]string {
	labels := map[string]string{}
	for _, img := range s.Images {
		for k, v := range img.Labels {
			if strings.HasPrefix(k, label.Context) || strings.HasPrefix(k, label.Config) || slices.Contains(inherited, k) {
				labels[k] = v
			}
		}
	}
	return labels
}

// Once returns a label that only one of the images has, "" when none has it.
func (s Snapshot) Once(name string) string {
	for _, img := range s.Images {
		if v := img.Labels[name]; v != "" {
			return v
		}
	}
	return ""
}

// Bases returns the names of the base images that its build resolved, sorted.
func (s Snapshot) Bases() []string {
	list := s.SharedLabels()[label.Bases]
	if list == "" {
		return nil
	}
	return strings.Split(list, ",")
}

// SharedLabels returns the labels that the images of all services have with the same value.
func (s Snapshot) SharedLabels() map[string]string {
	var shared map[string]string
	for service, img := range s.Images {
		if _, volume := label.VolumeName(service); volume {
			continue // what the others have from a common base, it does not
		}
		if shared == nil {
			shared = maps.Clone(img.Labels)
		}
		maps.DeleteFunc(shared, func(k, v string) bool { w, ok := img.Labels[k]; return !ok || v != w })
	}
	return shared
}

// UserLabels returns the shared labels that docker bmo has not set.
func (s Snapshot) UserLabels() map[string]string {
	labels := map[string]string{}
	for k, v := range s.SharedLabels() {
		if !strings.HasPrefix(k, label.Prefix) {
			labels[k] = v
		}
	}
	return labels
}

// HasLabel reports whether all images of the snapshot have a label, KEY or KEY=VALUE.
func (s Snapshot) HasLabel(label string) bool {
	key, want, given := strings.Cut(label, "=")
	v, ok := s.SharedLabels()[key]
	return ok && (!given || v == want)
}

// HasLabels reports whether all images of the snapshot have all of the labels.
func (s Snapshot) HasLabels(labels map[string]string) bool {
	for k, v := range labels {
		if !s.HasLabel(k + "=" + v) {
			return false
		}
	}
	return true
}

// CheckLabels returns an error for labels of a user that could be taken for docker bmo's own, and for ones without a
// name.
func CheckLabels(labels map[string]string) error {
	for name := range labels {
		if name == "" {
			return errors.New("invalid --label: it has no name")
		}
		if strings.HasPrefix(name, label.Prefix) {
			return hint.Wrap(fmt.Errorf("invalid --label %s: names that begin with %s are docker bmo's own", name, label.Prefix),
				"choose another prefix, such as the name of a domain of yours")
		}
	}
	return nil
}
