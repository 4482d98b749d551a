package registry

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	remotetransport "github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/docker-bmo/docker-bmo/attest"
	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/internal/version"
)

// Repository is a place in a registry that holds snapshots.
type Repository struct {
	repo        name.Repository
	credentials engine.Credentials
	http        *transport
	puller      *remote.Puller
	pusher      *remote.Pusher
	options     []remote.Option
	// require is the key that a snapshot's index has to be signed by; nil for none.
	require *attest.Verifier
}

// Open returns the repository of that name, as docker has names: without a registry it is one of Docker Hub. Nothing is
// asked yet. credentials returns what docker keeps for a host.
func Open(repository string, credentials func(host string) (engine.Credentials, error)) (*Repository, error) {
	repo, err := name.NewRepository(repository)
	if err != nil {
		return nil, hint.Wrap(fmt.Errorf("invalid repository %q: %w", repository, reason(err)),
			"a repository is [HOST[:PORT]/]PATH in lower case, without a tag")
	}
	r := &Repository{repo: repo}
	if credentials != nil {
		if r.credentials, err = credentials(repo.RegistryStr()); err != nil {
			return nil, fmt.Errorf("credentials for %s: %w", repo.RegistryStr(), err)
		}
	}
	r.http = &transport{base: remote.DefaultTransport, plain: loopback(repo.RegistryStr())}
	r.options = []remote.Option{
		remote.WithTransport(r.http), remote.WithAuth(r.authenticator()), remote.WithUserAgent("docker-bmo/" + version.Version),
		remote.WithRetryBackoff(remote.Backoff{Steps: 1}), remote.WithRetryStatusCodes(), // transport tries again
	}
	if r.puller, err = remote.NewPuller(r.options...); err != nil {
		return nil, err
	}
	r.pusher, err = remote.NewPusher(r.options...)
	return r, err
}

// streams returns what gets layers, which are too large to be read whole before they are handed on.
func (r *Repository) streams() (*remote.Puller, error) {
	return remote.NewPuller(append(slices.Clip(r.options), remote.WithTransport(tlsOnly{r.http}))...)
}

// reason is a parser's error without what it parsed.
func reason(err error) error {
	if i := strings.LastIndex(err.Error(), ": "); i > 0 {
		return errors.New(err.Error()[:i])
	}
	return err
}

// Split splits REPOSITORY[:KEY].
func Split(arg string) (repository, key string) {
	if i := strings.LastIndexByte(arg, ':'); i > strings.LastIndexByte(arg, '/') {
		return arg[:i], arg[i+1:]
	}
	return arg, ""
}

func (r *Repository) authenticator() authn.Authenticator {
	c := r.credentials
	if c == (engine.Credentials{}) {
		return authn.Anonymous
	}
	return authn.FromConfig(authn.AuthConfig{
		Username: c.Username, Password: c.Password, IdentityToken: c.IdentityToken, RegistryToken: c.RegistryToken,
	})
}

// loopback reports whether a registry is on this machine, which is when docker speaks to it without TLS.
func loopback(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// String returns the repository's name as docker writes it.
func (r *Repository) String() string {
	if r.repo.RegistryStr() == name.DefaultRegistry {
		return strings.TrimPrefix(strings.TrimPrefix(r.repo.Name(), name.DefaultRegistry+"/"), "library/")
	}
	return r.repo.Name()
}

// has reports whether there is something under a tag. That is one HEAD where the registry asks for no credentials.
func (r *Repository) has(ctx context.Context, tag string) (bool, error) {
	if status := r.quick(ctx, tag); status != 0 {
		return status == http.StatusOK, nil
	}
	_, err := r.puller.Head(ctx, r.repo.Tag(tag))
	if missing(err) {
		return false, nil
	}
	return err == nil, r.explain(ctx, err)
}

// quick asks for a tag without greeting the registry first, and returns 200 or 404, or 0 when the long way has to be gone.
func (r *Repository) quick(ctx context.Context, tag string) int {
	scheme := "https"
	if r.http.plain {
		scheme = "http"
	}
	if r.credentials != (engine.Credentials{}) {
		return 0
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, fmt.Sprintf("%s://%s/v2/%s/manifests/%s",
		scheme, r.repo.RegistryStr(), r.repo.RepositoryStr(), tag), http.NoBody)
	if err != nil {
		return 0
	}
	req.Header.Set("Accept", mediaType)
	resp, err := (&http.Client{Transport: r.http}).Do(req)
	if err != nil {
		return 0
	}
	_ = resp.Body.Close()
	if resp.StatusCode == http.StatusOK || resp.StatusCode == http.StatusNotFound {
		return resp.StatusCode
	}
	return 0
}

// missing reports whether a registry has said that it lacks something.
func missing(err error) bool {
	var te *remotetransport.Error
	return errors.As(err, &te) && te.StatusCode == http.StatusNotFound
}
