package registry

import (
	"time"

	"github.com/docker-bmo/docker-bmo/engine"
)

// Config is what a container gets from one image of a snapshot, and the name by which the image is got.
type Config struct {
	// Reference is REPOSITORY@DIGEST.
	Reference string
	// Architecture is what the image is for, as Go calls it.
	Architecture            string
	User                    string
	Entrypoint, Environment []string
	// Health, HealthTimeout and Shell are those of engine.Image.
	Health        []string
	HealthTimeout time.Duration
	Shell         []string
}

// Config returns what is known of the image of a service, or of a volume as label.Volume returns it.
func (f *Found) Config(service string) Config {
	p := f.parts[service]
	if p.config == nil {
		return Config{}
	}
	of := p.config.Config
	c := Config{
		Reference: f.repo.Digest(p.descriptor.Digest.String()).Name(), Architecture: p.config.Architecture,
		User: of.User, Entrypoint: of.Entrypoint, Environment: of.Env, Shell: of.Shell,
	}
	if of.Healthcheck != nil {
		c.Health, c.HealthTimeout = of.Healthcheck.Test, of.Healthcheck.Timeout
	}
	return c
}

// Credentials returns the registry's host, and what is known for it; ok is false if that is nothing.
func (r *Repository) Credentials() (host string, c engine.Credentials, ok bool) {
	return r.repo.RegistryStr(), r.credentials, r.credentials != (engine.Credentials{})
}
