package enginetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/distribution/reference"
	"github.com/docker/docker/pkg/jsonmessage"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// pushImage answers POST /images/NAME/push: it sends the image to a real registry, and gives up at the first trouble, so
// that whoever asks for it is the one who tries again.
func (f *Fake) pushImage(w http.ResponseWriter, r *http.Request) (any, error) {
	ref := strings.TrimSuffix(r.PathValue("name"), "/push") + ":" + r.URL.Query().Get("tag")
	f.mu.Lock()
	i := f.findImage(familiar(ref))
	var img Image
	if i != nil {
		img = i.Image
	}
	f.mu.Unlock()
	if i == nil {
		return nil, notFound("image", ref)
	}
	return nil, transfer(w, r, func(tell func(id, status string)) error {
		to, err := name.ParseReference(ref)
		if err != nil {
			return err
		}
		made, err := img.real()
		if err != nil {
			return err
		}
		for _, l := range made.layers {
			d, err := l.Digest()
			if err != nil {
				return err
			}
			if there(to.Context(), d) {
				tell(d.Hex[:12], "Layer already exists")
			} else {
				tell(d.Hex[:12], "Pushed")
			}
		}
		return remote.Write(to, made, oneTry(r)...)
	})
}

// there reports whether a repository has a layer.
func there(repo name.Repository, d v1.Hash) bool {
	resp, err := http.Head(fmt.Sprintf("http://%s/v2/%s/blobs/%s", repo.RegistryStr(), repo.RepositoryStr(), d)) //nolint:noctx // it is a test's
	if err != nil {
		return false
	}
	_ = resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

func oneTry(r *http.Request) []remote.Option {
	return []remote.Option{
		remote.WithContext(r.Context()), remote.WithRetryBackoff(remote.Backoff{Steps: 1}), remote.WithRetryStatusCodes(),
		remote.WithTransport(final{remote.DefaultTransport}), remote.WithJobs(1),
	}
}

// final hides what an error is, so that nothing is tried again because of it.
type final struct{ http.RoundTripper }

func (f final) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := f.RoundTripper.RoundTrip(r)
	if err != nil {
		return nil, errors.New(err.Error())
	}
	return resp, nil
}

// transfer answers with the stream of messages that engines send while they push and pull: an error comes in it.
func transfer(w http.ResponseWriter, _ *http.Request, move func(tell func(id, status string)) error) error {
	out := json.NewEncoder(w)
	_ = out.Encode(jsonmessage.JSONMessage{Status: "it begins"})
	err := move(func(id, status string) { _ = out.Encode(jsonmessage.JSONMessage{ID: id, Status: status}) })
	if err != nil {
		_ = out.Encode(jsonmessage.JSONMessage{Error: &jsonmessage.JSONError{Message: err.Error()}})
	}
	return errAnswered
}

// realImage is an image of the fake as registries have images.
type realImage struct {
	v1.Image
	layers []v1.Layer
}

// real returns the image with layers that have nothing in them but their name.
func (i Image) real() (m realImage, err error) {
	for _, l := range i.Layers {
		m.layers = append(m.layers, static.NewLayer(l.content(), types.DockerLayer))
	}
	if m.Image, err = mutate.AppendLayers(mutate.MediaType(empty.Image, types.DockerManifestSchema2), m.layers...); err != nil {
		return m, err
	}
	c, err := m.ConfigFile()
	if err != nil {
		return m, err
	}
	c = c.DeepCopy()
	c.OS, c.Architecture, c.Created = "linux", i.arch(), v1.Time{Time: i.Created.UTC()}
	c.Config.Labels, c.Config.Env, c.Config.Cmd = i.Labels, i.Env, i.Command
	m.Image, err = mutate.ConfigFile(m.Image, c)
	return m, err
}

// pullImage answers POST /images/create for an image of a registry.
func (f *Fake) pullImage(w http.ResponseWriter, r *http.Request) (any, error) {
	q := r.URL.Query()
	ref := q.Get("fromImage") + "@" + q.Get("tag")
	return nil, transfer(w, r, func(tell func(id, status string)) error {
		from, err := name.NewDigest(ref)
		if err != nil {
			return err
		}
		got, err := remote.Image(from, oneTry(r)...)
		if err != nil {
			return err
		}
		img, err := f.unreal(got, tell)
		if err != nil {
			return err
		}
		named, err := reference.ParseNormalizedNamed(ref)
		if err != nil {
			return err
		}
		f.mu.Lock()
		defer f.mu.Unlock()
		if had := f.findImage(img.ID); had != nil {
			had.Digests = append(had.Digests, reference.FamiliarString(named))
			return nil
		}
		img.Digests = []string{reference.FamiliarString(named)}
		f.addImage(img, "")
		return nil
	})
}

// unreal gets the layers of an image that the fake lacks.
func (f *Fake) unreal(got v1.Image, tell func(id, status string)) (i Image, err error) {
	c, err := got.ConfigFile()
	if err != nil {
		return i, err
	}
	id, err := got.ConfigName()
	if err != nil {
		return i, err
	}
	i = Image{
		ID: id.String(), Labels: c.Config.Labels, Env: c.Config.Env, Command: c.Config.Cmd, Created: c.Created.Time, Layers: []Layer{},
	}
	layers, err := got.Layers()
	if err != nil {
		return i, err
	}
	for _, l := range layers {
		d, err := l.Digest()
		if err != nil {
			return i, err
		}
		if had, ok := f.layer(d); ok {
			tell(d.Hex[:12], "Already exists")
			i.Layers = append(i.Layers, had)
			continue
		}
		rc, err := l.Compressed()
		if err != nil {
			return i, err
		}
		content, err := io.ReadAll(rc)
		_ = rc.Close()
		if err != nil {
			return i, err
		}
		var layer Layer
		size, layerName, _ := strings.Cut(string(content), " ")
		if _, err := fmt.Sscan(size, &layer.Size); err != nil {
			return i, err
		}
		layer.Name = layerName
		tell(d.Hex[:12], "Pull complete")
		i.Layers = append(i.Layers, layer)
	}
	return i, nil
}

// layer returns the layer of an image of the fake that a registry has by that digest.
func (f *Fake) layer(d v1.Hash) (Layer, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, i := range f.images {
		made, err := i.real()
		if err != nil {
			continue
		}
		n := slices.IndexFunc(made.layers, func(l v1.Layer) bool { have, err := l.Digest(); return err == nil && have == d })
		if n >= 0 {
			return i.Layers[n], true
		}
	}
	return Layer{}, false
}
