package enginetest

import (
	"archive/tar"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"path"
	"slices"
	"strings"

	"github.com/distribution/reference"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"
)

// File is a file or folder of a container, a volume or an image.
type File struct {
	Content  string
	Mode     fs.FileMode
	UID, GID int
	Link     string // target of a symbolic link
}

// files are by absolute path, in a volume by the path below it, which begins with a slash, too.
type files map[string]File

func (a files) and(b files) files {
	all := maps.Clone(a)
	if all == nil {
		all = files{}
	}
	maps.Copy(all, b)
	return all
}

// has reports whether there is a file or folder of that name.
func (a files) has(name string) bool {
	for at := range a {
		if at == name || strings.HasPrefix(at, strings.TrimSuffix(name, "/")+"/") {
			return true
		}
	}
	return false
}

// mount gives a container a volume, which is filled from the image when it is empty; f.mu is held.
func (f *Fake) mount(c *ctr, image *img, m mount.Mount) {
	if m.Type == mount.TypeBind {
		return // of the machine, which the fake has nothing of
	}
	name := m.Source
	if name == "" {
		name = f.id("volume")
		f.addVolume(name, map[string]string{"com.docker.volume.anonymous": ""})
		c.volumes = append(c.volumes, name)
	}
	var labels map[string]string
	if m.VolumeOptions != nil {
		labels = m.VolumeOptions.Labels
	}
	v := f.addVolume(name, labels)
	c.mounts[m.Target] = v
	if len(v.files) > 0 || m.VolumeOptions != nil && m.VolumeOptions.NoCopy {
		return
	}
	for name, file := range image.Files {
		if rest, ok := strings.CutPrefix(name, m.Target); ok && strings.HasPrefix(rest, "/") {
			v.files[rest] = file
		}
	}
}

// place returns where the files of a path of a container are, and the path there; f.mu is held.
func (c *ctr) place(name string) (files, string, bool) {
	best := ""
	for target := range c.mounts {
		if (name == target || strings.HasPrefix(name, target+"/")) && len(target) > len(best) {
			best = target
		}
	}
	if best == "" {
		return c.files, name, false
	}
	return c.mounts[best].files, "/" + strings.TrimPrefix(strings.TrimPrefix(name, best), "/"), true
}

// fileOf reads and writes files as a container's program does.
func (f *Fake) fileOf(c *ctr) func(string, *File) (File, bool) {
	return func(name string, write *File) (File, bool) {
		f.mu.Lock()
		defer f.mu.Unlock()
		return f.access(c, name, write)
	}
}

func (f *Fake) access(c *ctr, name string, write *File) (File, bool) {
	all, at, inVolume := c.place(name)
	if write != nil {
		all[at] = *write
	}
	file, ok := all[at]
	if !ok && !inVolume {
		if image := f.images[c.imageID]; image != nil {
			file, ok = image.Files[name]
		}
	}
	return file, ok
}

// File returns a file of a container, which may have ended.
func (f *Fake) File(ref, name string) (File, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	c := f.findContainer(ref)
	if c == nil {
		return File{}, false
	}
	return f.access(c, name, nil)
}

// VolumeLabels returns those of a volume.
func (f *Fake) VolumeLabels(name string) map[string]string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if v := f.volumes[name]; v != nil {
		return v.labels
	}
	return nil
}

func (f *Fake) putArchive(_ http.ResponseWriter, r *http.Request) (any, error) {
	got, err := readTar(r.Body)
	if err != nil {
		return nil, &fault{http.StatusBadRequest, err.Error()}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	c, err := f.container(r)
	if err != nil {
		return nil, err
	}
	dir := path.Clean(r.URL.Query().Get("path"))
	if _, _, inVolume := c.place(dir); c.host.ReadonlyRootfs && !inVolume {
		return nil, &fault{http.StatusForbidden, "container rootfs is marked read-only"}
	}
	for name, file := range got {
		f.access(c, path.Join(dir, name), &file)
	}
	return "", nil
}

func (f *Fake) getArchive(w http.ResponseWriter, r *http.Request) (any, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	c, err := f.container(r)
	if err != nil {
		return nil, err
	}
	from := path.Clean(r.URL.Query().Get("path"))
	all, at, inVolume := c.place(from)
	if !inVolume && !all.has(at) {
		return nil, notFound("path", from)
	}
	stat, err := json.Marshal(container.PathStat{Name: path.Base(from), Mode: fs.ModeDir | 0o755})
	if err != nil {
		return nil, err
	}
	w.Header().Set("X-Docker-Container-Path-Stat", base64.StdEncoding.EncodeToString(stat))
	w.Header().Set("Content-Type", "application/x-tar")
	out := tar.NewWriter(w)
	if file, ok := all[at]; ok {
		if err := errors.Join(writeTar(out, path.Base(from), file), out.Close()); err != nil {
			return nil, err
		}
		return nil, errAnswered
	}
	if err := out.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: path.Base(from) + "/", Mode: 0o755}); err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if rest, ok := strings.CutPrefix(name, strings.TrimSuffix(at, "/")+"/"); ok && rest != "" {
			if err := writeTar(out, path.Base(from)+"/"+rest, all[name]); err != nil {
				return nil, err
			}
		}
	}
	if err := out.Close(); err != nil {
		return nil, err
	}
	return nil, errAnswered
}

// changes lists the files that a container has in place of its image's, and next to them.
func (f *Fake) changes(_ http.ResponseWriter, r *http.Request) (any, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	c, err := f.container(r)
	if err != nil {
		return nil, err
	}
	out := []container.FilesystemChange{}
	for _, name := range slices.Sorted(maps.Keys(c.files)) {
		kind := container.ChangeAdd
		if image := f.images[c.imageID]; image != nil {
			if _, ok := image.Files[name]; ok {
				kind = container.ChangeModify
			}
		}
		out = append(out, container.FilesystemChange{Kind: kind, Path: name})
	}
	return out, nil
}

func writeTar(w *tar.Writer, name string, file File) error {
	h := &tar.Header{
		Typeflag: tar.TypeReg, Name: name, Mode: int64(file.Mode.Perm()), Uid: file.UID, Gid: file.GID, Size: int64(len(file.Content)),
	}
	if file.Link != "" {
		h.Typeflag, h.Linkname = tar.TypeSymlink, file.Link
	}
	if err := w.WriteHeader(h); err != nil {
		return err
	}
	_, err := io.WriteString(w, file.Content)
	return err
}

func readTar(r io.Reader) (files, error) {
	got := files{}
	for in := tar.NewReader(r); ; {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			return got, nil
		}
		if err != nil {
			return nil, err
		}
		content, err := io.ReadAll(in)
		if err != nil {
			return nil, err
		}
		got["/"+strings.Trim(h.Name, "/")] = File{
			Content: string(content), Mode: fs.FileMode(h.Mode), UID: h.Uid, GID: h.Gid, Link: h.Linkname,
		}
	}
}

func (f *Fake) importImage(w http.ResponseWriter, r *http.Request) (any, error) {
	q := r.URL.Query()
	if q.Get("fromImage") != "" {
		return f.pullImage(w, r)
	}
	got, err := readTar(r.Body)
	if err != nil {
		return nil, &fault{http.StatusBadRequest, err.Error()}
	}
	labels := map[string]string{}
	for _, change := range q["changes"] {
		k, v, err := labelChange(change)
		if err != nil {
			return nil, &fault{http.StatusBadRequest, err.Error()}
		}
		labels[k] = v
	}
	name, err := reference.ParseNormalizedNamed(q.Get("repo") + ":" + q.Get("tag"))
	if err != nil {
		return nil, &fault{http.StatusBadRequest, err.Error()}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	ref := reference.FamiliarString(name)
	id := f.addImage(Image{Tags: []string{ref}, Labels: labels, Layers: []Layer{{"import of " + ref, 1e6}}, Files: got}, "")
	return map[string]string{"status": id}, nil
}
