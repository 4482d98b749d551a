package enginetest

import (
	"cmp"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/distribution/reference"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/image"
	dockerspec "github.com/moby/docker-image-spec/specs-go/v1"
)

// Layer is one layer of an image; layers of the same name are identical.
type Layer struct {
	Name string
	Size int64
}

// Image is an image of the fake.
type Image struct {
	ID   string
	Tags []string
	// Digests are names by digest, REPOSITORY@DIGEST, of what was pulled by one.
	Digests []string
	Labels  map[string]string
	Env     []string
	Command []string
	Volumes []string
	Layers  []Layer
	Created time.Time
	// Files are what is known of its filesystem, by absolute path.
	Files map[string]File
	// Bare is an image without a shell, or anything else that commands in a container could run.
	Bare bool
	// Arch is the architecture that it is for; "" for amd64.
	Arch string
	// Health is the test of the image's health check, Shell its shell.
	Health, Shell []string
}

type img struct {
	Image
	parent string // identifier, of committed images
}

// AddImage puts an image into the store. If it has no identifier it gets one, if it has no layers a base layer.
func (f *Fake) AddImage(i Image) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.addImage(i, "")
}

func (f *Fake) addImage(i Image, parent string) string {
	if i.ID == "" {
		i.ID = "sha256:" + f.id("image")
	}
	if i.Layers == nil {
		i.Layers = []Layer{{"base", 100e6}}
	}
	if i.Created.IsZero() {
		i.Created = f.now()
	}
	for _, other := range f.images { // a name moves to the newest image
		other.Tags = slices.DeleteFunc(other.Tags, func(t string) bool { return slices.Contains(i.Tags, t) })
	}
	f.images[i.ID] = &img{i, parent}
	return i.ID
}

// Image returns the image of that name or identifier.
func (f *Fake) Image(ref string) (Image, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if i := f.findImage(ref); i != nil {
		return i.Image, true
	}
	return Image{}, false
}

func (f *Fake) findImage(ref string) *img {
	for _, i := range f.images {
		if i.ID == ref || slices.Contains(i.Tags, ref) || slices.Contains(i.Tags, ref+":latest") || slices.Contains(i.Digests, ref) {
			return i
		}
	}
	return nil
}

func (f *Fake) listImages(_ http.ResponseWriter, r *http.Request) (any, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := []image.Summary{}
	for _, i := range f.images {
		ok, err := labelled(r, i.Labels)
		if err != nil {
			return nil, err
		}
		if ok {
			out = append(out, image.Summary{
				ID: i.ID, RepoTags: i.Tags, Labels: i.Labels, Created: i.Created.Unix(), Size: i.size(),
			})
		}
	}
	slices.SortFunc(out, func(a, b image.Summary) int { return strings.Compare(a.ID, b.ID) })
	return out, nil
}

func (i Image) arch() string { return cmp.Or(i.Arch, "amd64") }

func (i *img) size() (n int64) {
	for _, l := range i.Layers {
		n += l.Size
	}
	return n
}

func (f *Fake) inspectImage(_ http.ResponseWriter, r *http.Request) (any, error) {
	name := strings.TrimSuffix(r.PathValue("name"), "/json")
	f.mu.Lock()
	defer f.mu.Unlock()
	i := f.findImage(name)
	if i == nil {
		return nil, notFound("image", name)
	}
	root := image.RootFS{}
	for _, l := range i.Layers {
		root.Type, root.Layers = "layers", append(root.Layers, "sha256:"+path.Base(blobPath(l.content())))
	}
	return image.InspectResponse{
		ID: i.ID, RootFS: root, RepoTags: i.Tags, Os: "linux", Architecture: i.arch(), Created: i.Created.UTC().Format(time.RFC3339Nano), Size: i.size(),
		Config: &dockerspec.DockerOCIImageConfig{
			ImageConfig:             imageConfig(i.Image),
			DockerOCIImageConfigExt: dockerspec.DockerOCIImageConfigExt{Shell: i.Shell, Healthcheck: i.health()},
		},
	}, nil
}

func (i *img) health() *dockerspec.HealthcheckConfig {
	if i.Health == nil {
		return nil
	}
	return &dockerspec.HealthcheckConfig{Test: i.Health}
}

// familiar returns a repository's name as the engine shows it.
func familiar(repository string) string {
	return strings.TrimPrefix(strings.TrimPrefix(repository, "docker.io/"), "library/")
}

// tagImage answers POST /images/NAME/tag; the name may have slashes in it.
func (f *Fake) tagImage(w http.ResponseWriter, r *http.Request) (any, error) {
	if strings.HasSuffix(r.PathValue("name"), "/push") {
		return f.pushImage(w, r)
	}
	name, ok := strings.CutSuffix(r.PathValue("name"), "/tag")
	f.mu.Lock()
	defer f.mu.Unlock()
	i := f.findImage(name)
	if !ok || i == nil {
		return nil, notFound("image", name)
	}
	tag := familiar(r.URL.Query().Get("repo")) + ":" + r.URL.Query().Get("tag")
	for _, other := range f.images {
		other.Tags = slices.DeleteFunc(other.Tags, func(t string) bool { return t == tag })
	}
	i.Tags = append(i.Tags, tag)
	return nil, nil
}

func (f *Fake) removeImage(_ http.ResponseWriter, r *http.Request) (any, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	ref := r.PathValue("name")
	i := f.findImage(ref)
	if i == nil {
		return nil, notFound("image", ref)
	}
	byID := i.ID == ref
	last := len(i.Tags)+len(i.Digests) <= 1
	if last || byID {
		for _, c := range f.containers {
			if c.imageID == i.ID {
				return nil, conflict("conflict: unable to remove %s (must force) - "+
					"container %s is using its referenced image %s", ref, c.id[:12], i.ID)
			}
		}
	}
	if byID && !last {
		return nil, conflict("conflict: unable to delete %s (must be forced) - "+
			"image is referenced in multiple repositories", ref)
	}
	var done []image.DeleteResponse
	if slices.Contains(i.Digests, ref) {
		i.Digests = slices.DeleteFunc(i.Digests, func(d string) bool { return d == ref })
		return f.deleteUnnamed(i, []image.DeleteResponse{{Untagged: ref}}), nil
	}
	if byID {
		i.Digests = nil
	}
	if len(i.Tags) > 0 {
		gone := i.Tags[0]
		if !byID {
			gone = i.Tags[slices.IndexFunc(i.Tags, func(t string) bool { return t == ref || t == ref+":latest" })]
		}
		i.Tags = slices.DeleteFunc(i.Tags, func(t string) bool { return t == gone })
		done = append(done, image.DeleteResponse{Untagged: gone})
	}
	return f.deleteUnnamed(i, done), nil
}

// deleteUnnamed deletes an image that no longer has a name, and then those of its parents that have none either.
func (f *Fake) deleteUnnamed(i *img, done []image.DeleteResponse) []image.DeleteResponse {
	for i != nil && len(i.Tags)+len(i.Digests) == 0 {
		for _, other := range f.images {
			if other.parent == i.ID {
				return done
			}
		}
		delete(f.images, i.ID)
		done = append(done, image.DeleteResponse{Deleted: i.ID})
		i = f.images[i.parent]
	}
	return done
}

func (f *Fake) commit(_ http.ResponseWriter, r *http.Request) (any, error) {
	q := r.URL.Query()
	f.mu.Lock()
	defer f.mu.Unlock()
	c := f.findContainer(q.Get("container"))
	if c == nil {
		return nil, notFound("container", q.Get("container"))
	}
	labels := map[string]string{}
	for k, v := range c.config.Labels {
		labels[k] = v
	}
	for _, change := range q["changes"] {
		k, v, err := labelChange(change)
		if err != nil {
			return nil, &fault{http.StatusBadRequest, err.Error()}
		}
		labels[k] = v
	}
	from := f.images[c.imageID]
	what := strings.TrimSpace(c.name + " " + strings.Join(c.config.Cmd, " "))
	name, err := reference.ParseNormalizedNamed(q.Get("repo") + ":" + q.Get("tag"))
	if err != nil {
		return nil, &fault{http.StatusBadRequest, err.Error()}
	}
	f.happen(c, "commit", "comment", q.Get("comment"))
	id := f.addImage(Image{
		Tags: []string{reference.FamiliarString(name)}, Labels: labels, Env: c.config.Env, Command: c.config.Cmd,
		Layers: append(slices.Clone(from.Layers), Layer{"commit of " + what, 10e6}), Files: files(from.Files).and(c.files),
	}, c.imageID)
	return container.CommitResponse{ID: id}, nil
}

// labelChange reads a Dockerfile's LABEL "key"="value".
func labelChange(s string) (key, value string, err error) {
	rest, ok := strings.CutPrefix(s, "LABEL ")
	quoted, perr := strconv.QuotedPrefix(rest)
	if !ok || perr != nil {
		return "", "", fmt.Errorf("cannot read %s", s)
	}
	key, err = strconv.Unquote(quoted)
	if err != nil {
		return "", "", err
	}
	value, err = strconv.Unquote(strings.TrimPrefix(rest[len(quoted):], "="))
	return key, value, err
}
