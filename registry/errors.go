package registry

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"strings"

	remotetransport "github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/snapshot"
)

// NotFoundError says that a repository has no such snapshot.
type NotFoundError struct{ Repository, What string }

func (e *NotFoundError) Error() string {
	return fmt.Sprintf("%s has no snapshot %s", e.Repository, e.What)
}

// Hint says where to look.
func (e *NotFoundError) Hint() string {
	return "`docker bmo snapshot ls --repository " + e.Repository + "` lists them"
}

// InvalidError says that what a repository has is not the snapshot that it is said to be.
type InvalidError struct{ Repository, What, Why string }

func (e *InvalidError) Error() string {
	return fmt.Sprintf("%s in %s is not a snapshot to start from: %s", e.What, e.Repository, e.Why)
}

// Hint says what to do about it.
func (e *InvalidError) Hint() string {
	return "somebody else has written there, or another version of docker bmo: remove it, and push the snapshot again"
}

// PlatformError says that a snapshot is for another platform than the engine.
type PlatformError struct{ Key, Platform, Wanted string }

func (e *PlatformError) Error() string {
	return fmt.Sprintf("snapshot %s is for %s, not for %s", snapshot.Short(e.Key), e.Platform, e.Wanted)
}

// Hint says how one for the other platform is made.
func (e *PlatformError) Hint() string {
	return "`docker bmo build` makes one for the engine's platform, with the data of the other one if the stack says `portable: true`"
}

// explain says in plain words what a registry's error means, and what to do about it. What the context ended by comes
// first.
func (r *Repository) explain(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if lost := (*engine.LostError)(nil); errors.As(engine.Lost(err), &lost) {
		return err
	}
	if invalid := (*InvalidError)(nil); errors.As(err, &invalid) {
		return err
	}
	if unsigned := (*SignatureError)(nil); errors.As(err, &unsigned) {
		return err
	}
	host := r.repo.RegistryStr()
	return hint.Wrap(fmt.Errorf("registry %s: %w", host, short(err)), advice(host, err))
}

// advice says what to do about an error of a registry, or of an engine that speaks to one.
func advice(host string, err error) string {
	var te *remotetransport.Error
	text := strings.ToLower(err.Error())
	has := func(words ...string) bool {
		for _, w := range words {
			if strings.Contains(text, w) {
				return true
			}
		}
		return false
	}
	status := 0
	if errors.As(err, &te) {
		status = te.StatusCode
	}
	var unknown x509.UnknownAuthorityError
	switch {
	case status == http.StatusUnauthorized || status == http.StatusForbidden || has("unauthorized", "access denied", "no basic auth credentials", "authentication required"):
		return "`docker login " + host + "` with an account that may do this"
	case errors.As(err, &unknown) || has("certificate signed by unknown authority", "failed to verify certificate"):
		return "the registry's certificate has to be known to this machine, and to the engine's in /etc/docker/certs.d/" + host
	case has("does not speak tls", "server gave http response to https client"):
		return "give the registry a certificate: only one on this machine is spoken to in plain HTTP"
	case status == http.StatusTooManyRequests || has("toomanyrequests", "too many requests"):
		return "the registry is asked too often: wait, or log in with an account that may ask more"
	case status == http.StatusInsufficientStorage || has("no space left on device"):
		return "a disk is full: `docker bmo prune` makes room on the engine, `docker bmo prune --repository` in the registry"
	case has("does not match requested digest", "error verifying sha256", "layer verification failed", "unexpected commit digest"):
		return "what the registry has is not what its digest says: it is damaged, or somebody has changed it; push the snapshot again"
	case has("connection refused", "no such host", "i/o timeout"):
		return "see whether the registry runs, and whether both this machine and the engine reach it"
	}
	return ""
}

// lasting reports whether trouble of an engine with a registry does not pass by trying again.
func lasting(err error) bool {
	text := strings.ToLower(err.Error())
	for _, words := range []string{
		"unauthorized", "denied", "no basic auth credentials", "authentication required", "no space left on device", "certificate",
		"not found", "manifest unknown", "name unknown", "invalid reference", "no such image", "does not exist",
	} {
		if strings.Contains(text, words) {
			return true
		}
	}
	var lost *engine.LostError
	return errors.As(engine.Lost(err), &lost)
}

// short is a registry's error without the request that it is about, which carries digests and nothing else of interest.
func short(err error) error {
	var te *remotetransport.Error
	if !errors.As(err, &te) {
		return err
	}
	if len(te.Errors) > 0 {
		var words []string
		for _, d := range te.Errors {
			words = append(words, d.String())
		}
		return &statusError{strings.Join(words, "; "), err}
	}
	return &statusError{fmt.Sprintf("it answers with status %d %s", te.StatusCode, http.StatusText(te.StatusCode)), err}
}

// statusError says in short what a registry has answered.
type statusError struct {
	text string
	err  error
}

func (e *statusError) Error() string { return e.text }
func (e *statusError) Unwrap() error { return e.err }
