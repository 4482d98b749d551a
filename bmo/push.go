package bmo

import (
	"context"
	"errors"

	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/progress"
	"github.com/docker-bmo/docker-bmo/registry"
	"github.com/docker-bmo/docker-bmo/snapshot"
)

// PushOptions say what Push puts where.
type PushOptions struct {
	// Repository is [HOST[:PORT]/]PATH, without a tag.
	Repository string
	// Key is the snapshot's key or the beginning of it. Without one, it is the snapshot of the inputs with the digest Inputs.
	Key, Inputs string
	// Attest is what to attest of it.
	Attest Attest
	// Sign is the key to sign by; nil for no signature.
	Sign *SigningKey
	// Progress shows the work; nil shows nothing.
	Progress *progress.Printer
}

// PushResult is what Push returns.
type PushResult struct {
	Snapshot *Snapshot
	// Found reports that the repository had the snapshot already.
	Found bool
	Moved
}

// Push puts a snapshot into a repository. The engine sends the layers that the registry lacks; what makes of them a
// snapshot comes last. One that is there already is left as it is, which takes one request; with a key to sign by, or
// something to attest that was asked for, only if it has that: else it is pushed anew, since nobody signs what somebody else
// has put there. No label that is about
// this machine or its user is sent along.
func (c *Client) Push(ctx context.Context, o PushOptions) (*PushResult, error) {
	if _, err := c.connectAndSweep(ctx); err != nil {
		return nil, err
	}
	var s *Snapshot
	var err error
	if o.Key != "" {
		s, err = snapshot.Resolve(ctx, c.engine, o.Key)
	} else if s, err = snapshot.Find(ctx, c.engine, o.Inputs); s == nil && err == nil {
		err = hint.Wrap(errors.New("there is no snapshot of these inputs"), "run `docker bmo build` with the same options first, or name a snapshot")
	}
	if err != nil {
		return nil, err
	}
	return c.push(ctx, s, o)
}

// platformOf returns the platform that a snapshot on the engine is for.
func (c *Client) platformOf(ctx context.Context, s *Snapshot) (string, error) {
	img, err := c.engine.Image(ctx, s.Images[s.Services[0]].ID)
	return img.Platform, err
}

func (c *Client) push(ctx context.Context, s *Snapshot, o PushOptions) (*PushResult, error) {
	r, err := c.repository(o.Repository)
	if err != nil {
		return nil, err
	}
	result := &PushResult{Snapshot: s}
	if result.Found, err = r.Has(ctx, s.Key); result.Found && (o.Sign != nil || o.Attest.Asked) {
		result.Found, err = r.Vouched(ctx, s.Key, verifierOf(o.Sign), o.Attest)
	}
	if err != nil || result.Found {
		return result, err
	}
	platform, err := c.platformOf(ctx, s)
	if err != nil {
		return nil, err
	}
	err = o.Progress.Step(ctx, "push snapshot "+snapshot.Short(s.Key)+" to "+r.String(), func(ctx context.Context, log *progress.Log) (err error) {
		result.Moved, err = r.Push(ctx, registry.PushRequest{
			Engine: c.engine, Platform: platform, Snapshot: *s, Sign: o.Sign, Attest: o.Attest,
			Tell: func(done, total int64) { log.SetBytes("pushing layers", done, total) },
		})
		return err
	})
	if err != nil {
		return nil, err
	}
	return result, nil
}

// verifierOf returns the key that tells what was signed by another one; nil for none.
func verifierOf(key *SigningKey) *VerifyingKey {
	if key == nil {
		return nil
	}
	return key.Verifier()
}
