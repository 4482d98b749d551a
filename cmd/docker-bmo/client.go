package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/containerd/errdefs"
	"github.com/docker/cli/cli/command"
	dockercontext "github.com/docker/cli/cli/context/docker"

	"github.com/docker-bmo/docker-bmo/bmo"
	"github.com/docker-bmo/docker-bmo/internal/hint"
)

// newClient returns a client of the engine that docker itself would use. It sends nothing to the engine.
func newClient(dockerCli command.Cli) *bmo.Client {
	return bmo.New(dockerCli.Client(),
		bmo.WithHost(dockerCli.DockerEndpoint().Host), bmo.WithRegistryAuth(dockerCli.ConfigFile()),
		bmo.WithProxies(dockerCli.ConfigFile(), dockerCli.DockerEndpoint().Host),
		bmo.WithCacheDir(cacheDir()), bmo.WithStateDir(stateDir()),
		bmo.WithWarnings(func(err error) { warn(dockerCli.Err(), err) }),
		bmo.WithNotices(func(text string) { fmt.Fprintln(dockerCli.Err(), text) }))
}

// warn prints an error that does not stop the command.
func warn(w io.Writer, err error) {
	fmt.Fprintf(w, "warning: %v\n", err)
	for _, h := range hint.All(err) {
		fmt.Fprintf(w, "hint: %s\n", h)
	}
}

// connect returns a client of the engine that docker itself would use, after the engine has answered.
func connect(ctx context.Context, dockerCli command.Cli) (*bmo.Client, bmo.Info, error) {
	if err := checkEndpoint(dockerCli); err != nil {
		return nil, bmo.Info{}, coded{err, exitEngine}
	}
	c := newClient(dockerCli)
	info, err := c.Connect(ctx)
	return c, info, err
}

// checkEndpoint checks what the docker configuration says about the engine. Without it, docker's client would exit on
// an error in that configuration.
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

// cacheDir returns the folder of what can be made again: checkouts and digests of files. Empty if the user has no such
// folder.
func cacheDir() string {
	dir, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "docker-bmo")
}

// stateDir returns the folder of the log files.
func stateDir() string {
	if dir := os.Getenv("XDG_STATE_HOME"); dir != "" {
		return filepath.Join(dir, "docker-bmo")
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return filepath.Join(os.TempDir(), "docker-bmo")
	}
	return filepath.Join(home, ".local", "state", "docker-bmo")
}
