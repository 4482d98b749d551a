package snapshot

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/internal/label"
)

// Detail is everything that is known about a snapshot.
type Detail struct {
	Key, Inputs, Stack, Version string
	Created                     time.Time
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
	// Parent is the image before bootstrap.
	Parent string
	Tags   []string
	Size   int64
}

// Detail returns what is known about the snapshot.
func (s Snapshot) Detail() Detail {
	d := Detail{
		Key: s.Key, Inputs: s.Inputs, Stack: s.Stack, Version: s.Version, Created: s.Created, Size: s.Size(),
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
