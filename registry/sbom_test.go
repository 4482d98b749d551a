package registry

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"strings"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/attest"
	"github.com/docker-bmo/docker-bmo/engine"
)

// onePackage are the files of an image with one package, by which reader looks into all images.
type onePackage struct{}

func (onePackage) ReadFile(_ context.Context, name string) ([]byte, error) {
	if name == "/var/lib/dpkg/status" {
		return []byte("Package: zlib1g\nVersion: 1.3\n"), nil
	}
	return nil, fs.ErrNotExist
}

func (onePackage) ReadDir(_ context.Context, name string) ([]string, error) {
	if name == "/var/lib/dpkg" {
		return []string{"status"}, nil
	}
	return nil, fs.ErrNotExist
}

type reader struct {
	reports [][]byte
	err     error
	names   []string
}

func (r *reader) ReadImage(ctx context.Context, s engine.ImageSpec, do func(context.Context, engine.Contents) error) error {
	r.names = append(r.names, s.Name)
	if r.err != nil {
		return r.err
	}
	return do(ctx, engine.Contents{Files: onePackage{}})
}

func (r *reader) ScanImage(_ context.Context, s engine.ImageSpec, _ string) ([][]byte, error) {
	r.names = append(r.names, s.Name)
	return r.reports, r.err
}

// TestSBOMOfAPush: each image has a document of what is in it, or the push fails; the engine is as before.
func TestSBOMOfAPush(t *testing.T) {
	srv, a := newServer(t), newMachine(t)
	s := a.bootstrapped("aa", noon)
	before := a.Objects()
	push := func(r *reader, scanner string) error {
		_, err := srv.repository(t).Push(t.Context(), PushRequest{
			Engine: a.e, Sealer: a.Fake, Reader: r, Platform: platform, Snapshot: s, Attest: attest.Options{SBOM: true, Scanner: scanner},
		})
		assert.DeepEqual(t, a.Objects(), before)
		return err
	}
	documents := func() (list []string) {
		r := srv.repository(t)
		f, err := r.FindKey(t.Context(), s.Key, platform)
		assert.NilError(t, err)
		assert.Equal(t, len(f.Attestations), 2)
		for _, at := range f.Attestations {
			texts, err := r.Statements(t.Context(), at)
			assert.NilError(t, err)
			for _, text := range texts {
				var st attest.Statement
				assert.NilError(t, json.Unmarshal(text, &st))
				assert.Equal(t, st.PredicateType, attest.SBOMType)
				list = append(list, string(text))
			}
		}
		return list
	}
	gone := errors.New("the engine is gone")
	assert.ErrorIs(t, push(&reader{err: gone}, ""), gone)
	f, err := srv.repository(t).FindKey(t.Context(), s.Key, platform)
	assert.NilError(t, err)
	assert.Assert(t, f == nil)

	own := &reader{}
	assert.NilError(t, push(own, ""))
	assert.Equal(t, len(own.names), 2)
	for _, text := range documents() {
		assert.Assert(t, strings.Contains(text, "pkg:deb/debian/zlib1g@1.3"), text)
	}
	report := []byte(`{"_type":"x","predicateType":"https://spdx.dev/Document","predicate":{"name":"of the scanner"}}`)
	assert.NilError(t, push(&reader{reports: [][]byte{report}}, "scanner:1"))
	for _, text := range documents() {
		assert.Assert(t, strings.Contains(text, "of the scanner"), text)
	}
	for reports, why := range map[string]string{"": "no SPDX document", "x": "no in-toto statement", `{"predicateType":"x","predicate":{}}`: "no SPDX document"} {
		bad := &reader{}
		if reports != "" {
			bad.reports = [][]byte{[]byte(reports)}
		}
		assert.ErrorContains(t, push(bad, "scanner:1"), why)
	}
}
