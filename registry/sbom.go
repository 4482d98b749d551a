package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/docker-bmo/docker-bmo/attest"
	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/snapshot"
)

// Reader looks into images; it is implemented by engine.Engine.
type Reader interface {
	ReadImage(ctx context.Context, s engine.ImageSpec, do func(context.Context, engine.Contents) error) error
	ScanImage(ctx context.Context, s engine.ImageSpec, scanner string) (reports [][]byte, err error)
}

// sbom returns the statements of what is in an image, which has a name for that time.
func (q PushRequest) sbom(ctx context.Context, name string, subject attest.Subject, digest string) (list []statement, err error) {
	ref := snapshot.Tag(q.Snapshot.Stack, name, q.Snapshot.Key) + "-sbom-" + fmt.Sprint(time.Now().UnixNano())
	defer func() { err = errors.Join(err, unname(ctx, q.Engine, ref)) }()
	if err := call(ctx, q.Engine, q.Snapshot.Images[name].ID, ref); err != nil {
		return nil, err
	}
	spec := engine.ImageSpec{Name: ref, Platform: q.Platform, Comment: snapshot.SealComment}
	if q.Attest.Scanner != "" {
		reports, err := q.Reader.ScanImage(ctx, spec, q.Attest.Scanner)
		if err != nil {
			return nil, err
		}
		return reported(reports, q.Attest.Scanner, subject)
	}
	var document any
	err = q.Reader.ReadImage(ctx, spec, func(ctx context.Context, c engine.Contents) (err error) {
		document, err = attest.SBOM(ctx, attest.SBOMRequest{
			Files: c.Files, WorkingDir: c.WorkingDir, Image: subject.Name, Digest: digest, Created: q.Snapshot.Created,
		})
		return err
	})
	if err != nil {
		return nil, err
	}
	text, err := attest.NewStatement(attest.SBOMType, document, subject)
	return []statement{{attest.SBOMType, text}}, err
}

// reported returns a scanner's reports as statements about the image that it has scanned.
func reported(reports [][]byte, scanner string, subject attest.Subject) (list []statement, err error) {
	spdx := false
	for _, text := range reports {
		var s struct {
			PredicateType string          `json:"predicateType"`
			Predicate     json.RawMessage `json:"predicate"`
		}
		if err := json.Unmarshal(text, &s); err != nil || s.PredicateType == "" {
			return nil, fmt.Errorf("scanner %s has written something that is no in-toto statement", scanner)
		}
		spdx = spdx || s.PredicateType == attest.SBOMType
		text, err := attest.NewStatement(s.PredicateType, s.Predicate, subject)
		if err != nil {
			return nil, err
		}
		list = append(list, statement{s.PredicateType, text})
	}
	if !spdx {
		return nil, hint.Wrap(fmt.Errorf("scanner %s has written no SPDX document", scanner), "it has to be a scanner for BuildKit, as docker/buildkit-syft-scanner is one")
	}
	return list, nil
}
