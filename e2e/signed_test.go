package e2e

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"

	reference "github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/e2e/harness"
)

// tamperer is a way to a registry on which one answer is changed.
type tamperer struct {
	address string
	mu      sync.Mutex
	path    string
	met     bool
}

func newTamperer(t *testing.T, registry string) *tamperer {
	t.Helper()
	w := &tamperer{}
	way := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: registry})
	director := way.Director
	way.Director = func(r *http.Request) { host := r.Host; director(r); r.Host = host }
	way.ModifyResponse = func(r *http.Response) error {
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.path == "" || !strings.HasSuffix(r.Request.URL.Path, w.path) || r.Request.Method != http.MethodGet {
			return nil
		}
		w.met = true
		r.Body = io.NopCloser(&changing{r.Body})
		return nil
	}
	srv := httptest.NewServer(way)
	t.Cleanup(srv.Close)
	w.address = strings.TrimPrefix(srv.URL, "http://")
	return w
}

// set changes the answer to requests that end so from now on; it returns whether there was one since it was set before.
func (w *tamperer) set(path string) (met bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	met, w.path, w.met = w.met, path, false
	return met
}

// changing changes one bit of what is read.
type changing struct{ r io.Reader }

func (c *changing) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	if n > 0 {
		p[n/2] ^= 1
	}
	return n, err
}

// keyPair are keys that cosign has made.
func keyPair(name string) string { return "../attest/testdata/" + name }

// Nobody knew whether a snapshot of the registry was the one that the build machine had pushed.
func TestSigned(t *testing.T) {
	t.Parallel()
	harness.OnOneEngine(t)
	a := harness.NewMini(t, "signed", harness.Edits{"services.web.environment.MINI_PASSWORD": "not-to-be-read"})
	way := newTamperer(t, localRegistry(t))
	repository := way.address + "/" + a.Name
	signer := harness.CLI{Env: []string{"COSIGN_PASSWORD=of-the-tests"}}
	key := signer.Run(t, a.Args("build", "--quiet", "--push", "--repository", repository)...).OK(t).Text()
	ref := repository + ":" + key
	pull := func() harness.Result { return harness.BMO(t, "pull", "--verify", keyPair("cosign.pub"), ref) }
	pull().Fails(t, 1, "it is not signed")
	signer.Run(t, "push", "--sign", keyPair("cosign.key"), key, repository).OK(t)
	said := signer.Run(t, "push", "--sign", keyPair("cosign.key"), key, repository).OK(t)
	assert.Assert(t, strings.Contains(said.Stderr, " already in "), said.Stderr)
	shown := harness.BMO(t, "snapshot", "inspect", "--repository", repository, "--format", "{{.Signatures}} {{len .Attestations}}", key).OK(t)
	assert.Equal(t, shown.Text(), "1 1", shown.Stderr)
	assert.Assert(t, !strings.Contains(statements(t, repository), "not-to-be-read"))

	harness.BMO(t, "snapshot", "rm", key).OK(t)
	way.set("")
	paths, layer := signedPaths(t, repository, key)
	for _, path := range append(paths, layer) {
		way.set(path)
		r := pull()
		met := way.set("")
		if path == layer && !met { // the containerd store keeps a layer for BuildKit longer than the image
			r.OK(t)
			harness.BMO(t, "snapshot", "rm", key).OK(t)
			continue
		}
		assert.Assert(t, met, "nobody has asked for %s", path)
		r.Fails(t, 1, "hint: ")
		t.Logf("%s: %s", path, r.Stderr)
		assert.Equal(t, harness.Docker(t, "image", "ls", "--quiet", "--filter", "label=docker-bmo.stack="+a.Name), "")
	}
	pull().OK(t)
}

// scanner writes what it has found at the place of the image's files, in BuildKit's form for scanners.
const scanner = `grep -q ^ID= "$BUILDKIT_SCAN_SOURCE/etc/os-release" &&
echo '{"predicateType": "https://spdx.dev/Document", "predicate": {"name": "of the scanner"}}' > "$BUILDKIT_SCAN_DESTINATION/sbom.spdx.json"`

// Nobody could tell what was in an image without pulling it.
func TestSBOM(t *testing.T) {
	t.Parallel()
	harness.OnOneEngine(t)
	a := harness.NewMini(t, "sbom", nil)
	key := a.Build(t)
	repository := localRegistry(t) + "/" + a.Name
	before := harness.Docker(t, "image", "ls", "--no-trunc", "--format", "{{.ID}} {{.Repository}}:{{.Tag}}", "--filter", "label=docker-bmo.stack="+a.Name)
	a.Do(t, "push", "--sbom=true", repository).OK(t)
	text := statements(t, repository)
	for _, want := range []string{"https://slsa.dev/provenance/v1", "SPDX-2.3", "pkg:deb/debian/perl-base@", "Found packages of: dpkg ("} {
		assert.Assert(t, strings.Contains(text, want), "no %q", want)
	}
	image := a.Name + "-scanner:1"
	// It is made of an image that is there, and not of the base image, which docker would pull.
	container := harness.Docker(t, "create", a.Image(t, key, "web"), "true")
	t.Cleanup(func() { harness.Docker(t, "rm", container) })
	entrypoint, err := json.Marshal([]string{"sh", "-c", scanner})
	assert.NilError(t, err)
	harness.Docker(t, "commit", "--change", "ENTRYPOINT "+string(entrypoint), "--change", "CMD []",
		"--change", "LABEL docker-bmo.role=scanner docker-bmo.stack=none", container, image)
	t.Cleanup(func() { harness.Docker(t, "rmi", image) })
	a.Do(t, "push", "--sbom=generator="+image, key, repository+"/scanned").Fails(t, 1, "the flags that select a stack have no meaning")
	harness.BMO(t, "push", "--sbom=generator="+image, key, repository+"/scanned").OK(t)
	assert.Assert(t, strings.Contains(statements(t, repository+"/scanned"), "of the scanner"))
	assert.Equal(t, harness.Docker(t, "image", "ls", "--no-trunc", "--format", "{{.ID}} {{.Repository}}:{{.Tag}}", "--filter", "label=docker-bmo.stack="+a.Name), before)
}

func tagsOf(t *testing.T, repository string) []string {
	t.Helper()
	repo, err := reference.NewRepository(repository)
	assert.NilError(t, err)
	tags, err := remote.List(repo)
	assert.NilError(t, err)
	return tags
}

// indexOf returns the index of a snapshot and its tag.
func indexOf(t *testing.T, repository, key string) (tag string, digest v1.Hash, index *v1.IndexManifest) {
	t.Helper()
	for _, t64 := range tagsOf(t, repository) {
		if strings.HasPrefix(t64, key) && len(t64) == 64 {
			tag = t64
			ref, err := reference.ParseReference(repository + ":" + tag)
			assert.NilError(t, err)
			idx, err := remote.Index(ref)
			assert.NilError(t, err)
			digest, err = idx.Digest()
			assert.NilError(t, err)
			index, err = idx.IndexManifest()
			assert.NilError(t, err)
		}
	}
	return tag, digest, index
}

// signedPaths are the ends of what is asked of a registry in a pull of what is signed: all that somebody could change, and
// of the layers one, which takes the engine several tries.
func signedPaths(t *testing.T, repository, key string) (paths []string, layer string) {
	t.Helper()
	tag, digest, index := indexOf(t, repository, key)
	said := ":" + strings.Replace(digest.String(), ":", "-", 1)
	for _, d := range index.Manifests {
		paths = append(paths, "/manifests/"+d.Digest.String())
		m := imageAt(t, repository+"@"+d.Digest.String())
		if d.Platform.OS == "unknown" {
			paths = append(paths, blobsOf(m)...)
			continue
		}
		paths = append(paths, "/blobs/"+m.Config.Digest.String())
		layer = "/blobs/" + m.Layers[len(m.Layers)-1].Digest.String()
	}
	paths = append(paths, blobsOf(imageAt(t, repository+said+".sig"))...)
	paths = append(paths, blobsOf(imageAt(t, repository+said+".att"))...)
	return append(paths, "/manifests/"+tag), layer
}

// imageAt reads a manifest.
func imageAt(t *testing.T, name string) *v1.Manifest {
	t.Helper()
	ref, err := reference.ParseReference(name)
	assert.NilError(t, err)
	img, err := remote.Image(ref)
	assert.NilError(t, err)
	m, err := img.Manifest()
	assert.NilError(t, err)
	return m
}

// blobsOf are the ends of what its layers are asked for by.
func blobsOf(m *v1.Manifest) (paths []string) {
	for _, l := range m.Layers {
		paths = append(paths, "/blobs/"+l.Digest.String())
	}
	return paths
}

// statements are all blobs of attestations and signatures in a repository.
func statements(t *testing.T, repository string) (text string) {
	t.Helper()
	for _, tag := range tagsOf(t, repository) {
		if !strings.HasPrefix(tag, "attestation-") && !strings.HasPrefix(tag, "sha256-") {
			continue
		}
		ref, err := reference.ParseReference(repository + ":" + tag)
		assert.NilError(t, err)
		img, err := remote.Image(ref)
		assert.NilError(t, err)
		layers, err := img.Layers()
		assert.NilError(t, err)
		for _, l := range layers {
			r, err := l.Compressed()
			assert.NilError(t, err)
			b, err := io.ReadAll(r)
			assert.NilError(t, err)
			text += string(b)
		}
	}
	assert.Assert(t, text != "")
	return text
}
