package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/containerd/errdefs"
	"github.com/docker/cli/cli/command"
	dockercontext "github.com/docker/cli/cli/context/docker"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/internal/hint"
)

// reach returns the engine that docker itself would use, once it has answered.
func reach(ctx context.Context, dockerCli command.Cli) (*engine.Engine, engine.Info, error) {
	if err := checkEndpoint(dockerCli); err != nil {
		return nil, engine.Info{}, coded{err, exitEngine}
	}
	defer sayIfSlow(dockerCli.Err(), "waiting for the engine at "+dockerCli.DockerEndpoint().Host)()
	e := newEngine(dockerCli)
	info, err := e.Connect(ctx)
	return e, info, err
}

// checkEndpoint looks at what the docker configuration says of the engine. Left to itself, docker's client would end
// the process on a mistake in it.
func checkEndpoint(dockerCli command.Cli) error {
	store, name := dockerCli.ContextStore(), dockerCli.CurrentContext()
	meta, err := store.GetMetadata(name)
	if errdefs.IsNotFound(err) {
		return hint.Wrap(fmt.Errorf("no docker context %q", name),
			"`docker context ls` lists them; --context, DOCKER_CONTEXT or `docker context use` has named this one")
	}
	var ep dockercontext.Endpoint
	if err == nil {
		var of dockercontext.EndpointMeta
		if of, err = dockercontext.EndpointFromContext(meta); err == nil {
			ep, err = dockercontext.WithTLSData(store, name, of)
		}
	}
	if err == nil {
		_, err = ep.ClientOpts()
	}
	var file *fs.PathError
	if errors.As(err, &file) {
		return hint.Wrap(fmt.Errorf("docker's TLS certificates cannot be read: %w", err),
			"DOCKER_TLS_VERIFY and --tlsverify want ca.pem, cert.pem and key.pem in DOCKER_CERT_PATH, else in docker's configuration folder")
	}
	if err != nil {
		return hint.Wrap(fmt.Errorf("docker knows no engine: %w", err), "DOCKER_HOST is unix://PATH, ssh://USER@HOST or tcp://HOST:PORT")
	}
	return nil
}
