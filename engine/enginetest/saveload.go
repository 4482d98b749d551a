package enginetest

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path"
	"slices"
	"strings"

	"github.com/docker/docker/pkg/jsonmessage"
	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// containerd reports whether the fake says that its images are in containerd: then it has layers as they were sent to it,
// and sends them compressed.
func (a About) containerd() bool {
	return slices.ContainsFunc(a.DriverStatus, func(s [2]string) bool { return s[0] == "driver-type" })
}

// content is a layer uncompressed: its size and its name, and nothing else.
func (l Layer) content() []byte { return fmt.Appendf(nil, "%d %s", l.Size, l.Name) }

// blob is a layer as the fake sends it, and what it is called by then.
func (l Layer) blob(compressed bool) (name string, raw []byte) {
	raw = l.content()
	if compressed {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, _ = z.Write(raw)
		_ = z.Close()
		raw = b.Bytes()
	}
	return blobPath(raw), raw
}

func blobPath(raw []byte) string {
	sum := sha256.Sum256(raw)
	return "blobs/sha256/" + hex.EncodeToString(sum[:])
}

// savedImage is an entry of docker's manifest.json.
type savedImage struct {
	Config   string
	RepoTags []string
	Layers   []string
}

// saveImages answers GET /images/get.
func (f *Fake) saveImages(w http.ResponseWriter, r *http.Request) (any, error) {
	compressed := f.self().containerd()
	files, list := map[string][]byte{}, []savedImage{}
	for _, ref := range r.URL.Query()["names"] {
		i, ok := f.Image(ref)
		if !ok {
			return nil, notFound("image", ref)
		}
		made, err := i.real()
		if err != nil {
			return nil, err
		}
		config, err := made.RawConfigFile()
		if err != nil {
			return nil, err
		}
		s := savedImage{Config: blobPath(config), RepoTags: i.Tags}
		files[s.Config] = config
		for _, l := range i.Layers {
			name, raw := l.blob(compressed)
			files[name] = raw
			s.Layers = append(s.Layers, name)
		}
		list = append(list, s)
	}
	var err error
	if files["manifest.json"], err = json.Marshal(list); err != nil {
		return nil, err
	}
	files["oci-layout"] = []byte(`{"imageLayoutVersion":"1.0.0"}`)
	t := tar.NewWriter(w)
	for _, name := range sortedKeys(files) {
		_ = t.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644, Size: int64(len(files[name]))})
		_, _ = t.Write(files[name])
	}
	_ = t.Close()
	return nil, errAnswered
}

func sortedKeys[T any](m map[string]T) (keys []string) {
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// loadImages answers POST /images/load. An engine with containerd reads index.json, others manifest.json. Layers that are
// there already need not be in the tar.
func (f *Fake) loadImages(w http.ResponseWriter, r *http.Request) (any, error) {
	files := map[string][]byte{}
	for t := tar.NewReader(r.Body); ; {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("untar: %w", err)
		}
		if files[path.Clean(h.Name)], err = io.ReadAll(t); err != nil {
			return nil, fmt.Errorf("untar: %w", err)
		}
	}
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		return nil, err
	}
	list, err := f.inTar(files)
	if err != nil {
		return nil, err
	}
	for _, s := range list {
		i, err := f.loadImage(files, s)
		if err != nil {
			return nil, err
		}
		f.AddImage(i)
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(jsonmessage.JSONMessage{Stream: "loaded"})
	return nil, errAnswered
}

// inTar returns the images of a tar.
func (f *Fake) inTar(files map[string][]byte) (list []savedImage, err error) {
	if !f.self().containerd() {
		return list, json.Unmarshal(files["manifest.json"], &list)
	}
	index, err := v1.ParseIndexManifest(bytes.NewReader(files["index.json"]))
	if err != nil {
		return nil, err
	}
	for _, d := range index.Manifests {
		m, err := v1.ParseManifest(bytes.NewReader(files["blobs/sha256/"+d.Digest.Hex]))
		if err != nil {
			return nil, err
		}
		s := savedImage{
			Config:   "blobs/sha256/" + m.Config.Digest.Hex,
			RepoTags: []string{strings.TrimPrefix(d.Annotations["io.containerd.image.name"], "docker.io/")},
		}
		for _, l := range m.Layers {
			s.Layers = append(s.Layers, "blobs/sha256/"+l.Digest.Hex)
		}
		list = append(list, s)
	}
	return list, nil
}

func (f *Fake) loadImage(files map[string][]byte, s savedImage) (i Image, err error) {
	c, err := v1.ParseConfigFile(bytes.NewReader(files[s.Config]))
	if err != nil {
		return i, err
	}
	if blobPath(files[s.Config]) != s.Config {
		return i, errors.New("invalid digest of a configuration")
	}
	i = Image{
		ID: "sha256:" + path.Base(s.Config), Tags: s.RepoTags, Labels: c.Config.Labels, Env: c.Config.Env, Command: c.Config.Cmd,
		Created: c.Created.Time, Layers: []Layer{}, Arch: c.Architecture,
	}
	for n, name := range s.Layers {
		raw, ok := files[name]
		if !ok {
			if raw, err = f.had(name, c.RootFS.DiffIDs[:n+1]); err != nil {
				return i, err
			}
		}
		l, err := parseLayer(raw)
		if err != nil {
			return i, err
		}
		if blobPath(l.content()) != "blobs/sha256/"+c.RootFS.DiffIDs[n].Hex {
			return i, fmt.Errorf("invalid diffID for layer %d", n)
		}
		i.Layers = append(i.Layers, l)
	}
	return i, nil
}

func parseLayer(raw []byte) (l Layer, err error) {
	if bytes.HasPrefix(raw, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(bytes.NewReader(raw))
		if err != nil {
			return l, err
		}
		if raw, err = io.ReadAll(z); err != nil {
			return l, err
		}
	}
	size, name, _ := strings.Cut(string(raw), " ")
	_, err = fmt.Sscan(size, &l.Size)
	l.Name = name
	return l, err
}

// had returns a layer that the fake has: one with containerd by what it is called, others by what is below it.
func (f *Fake) had(name string, chain []v1.Hash) ([]byte, error) {
	containerd := f.self().containerd()
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, i := range f.images {
		same := true
		for n, l := range i.Layers {
			if same = same && n < len(chain) && blobPath(l.content()) == "blobs/sha256/"+chain[n].Hex; same && !containerd && n == len(chain)-1 {
				return l.content(), nil
			}
			if called, raw := l.blob(true); containerd && called == name {
				return raw, nil
			}
		}
	}
	return nil, fmt.Errorf("open %s: no such file or directory", name)
}
