package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync/atomic"

	"github.com/containerd/errdefs"
	"github.com/docker/cli/cli/command"
	dockercontext "github.com/docker/cli/cli/context/docker"
	"github.com/docker/cli/cli/context/store"
	"github.com/docker/cli/cli/flags"

	"github.com/docker-bmo/docker-bmo/bmo"
	"github.com/docker-bmo/docker-bmo/internal/hint"
	"github.com/docker-bmo/docker-bmo/internal/printable"
	"github.com/docker-bmo/docker-bmo/progress"
)

// newClient returns a client of the engine that docker itself would use. It sends nothing to the engine.
func newClient(dockerCli command.Cli) *bmo.Client {
	return (&messages{w: dockerCli.Err()}).newClient(dockerCli)
}

// messages are what a client tells the user while it works.
type messages struct {
	w       io.Writer
	display atomic.Pointer[progress.Printer] // when there is one, it prints them, as it would be garbled otherwise
}

func (m *messages) print(lines string) {
	if p := m.display.Load(); p != nil {
		p.Print(lines)
		return
	}
	fmt.Fprint(m.w, lines)
}

func (m *messages) newClient(dockerCli command.Cli) *bmo.Client {
	r, _ := subnets() // checkEndpoint has checked it
	cache, state := checkedDir(dockerCli.Err(), cacheDir()), checkedDir(dockerCli.Err(), stateDir())
	return bmo.New(dockerCli.Client(),
		bmo.WithHost(dockerCli.DockerEndpoint().Host), bmo.WithRegistryAuth(dockerCli.ConfigFile()),
		bmo.WithProxies(dockerCli.ConfigFile(), dockerCli.DockerEndpoint().Host),
		bmo.WithSubnets(r), bmo.WithCacheDir(cache), bmo.WithStateDir(state),
		bmo.WithWarnings(func(err error) { m.print(warning(err)) }),
		bmo.WithNotices(func(text string) { m.print(text + "\n") }))
}

// connectTo returns a client of the engine of another docker context, after the engine has answered.
func (m *messages) connectTo(ctx context.Context, dockerCli command.Cli, name string) (*bmo.Client, bmo.Info, error) {
	if _, err := endpoint(dockerCli.ContextStore(), name); errdefs.IsNotFound(err) {
		return nil, bmo.Info{}, hint.Wrap(err, "`docker context ls` lists them")
	}
	other, err := command.NewDockerCli(command.WithErrorStream(dockerCli.Err()))
	if err != nil {
		return nil, bmo.Info{}, err
	}
	o := flags.NewClientOptions()
	o.Context = name
	if err := other.Initialize(o); err != nil {
		return nil, bmo.Info{}, err
	}
	return m.connect(ctx, other)
}

// warn prints an error that does not stop the command.
func warn(w io.Writer, err error) { fmt.Fprint(w, warning(err)) }

// warning returns the lines that are printed about an error that does not stop the command.
func warning(err error) string {
	text := "warning: " + printable.Text(err.Error()) + "\n"
	for _, h := range hint.All(err) {
		text += "hint: " + printable.Text(h) + "\n"
	}
	return text
}

// connect returns a client of the engine that docker itself would use, after the engine has answered.
func connect(ctx context.Context, dockerCli command.Cli) (*bmo.Client, bmo.Info, error) {
	return (&messages{w: dockerCli.Err()}).connect(ctx, dockerCli)
}

func (m *messages) connect(ctx context.Context, dockerCli command.Cli) (*bmo.Client, bmo.Info, error) {
	if err := checkEndpoint(dockerCli); err != nil {
		return nil, bmo.Info{}, coded{err, exitEngine}
	}
	c := m.newClient(dockerCli)
	info, err := c.Connect(ctx)
	return c, info, err
}

// unconnected returns a client of the engine that docker itself would use, which is not asked for anything yet.
func unconnected(dockerCli command.Cli) (*bmo.Client, error) {
	if err := checkEndpoint(dockerCli); err != nil {
		return nil, coded{err, exitEngine}
	}
	return newClient(dockerCli), nil
}

// checkEndpoint checks what the environment and the docker configuration say about the engine. Without it, docker's client would exit on
// an error in that configuration.
func checkEndpoint(dockerCli command.Cli) error {
	if _, err := subnets(); err != nil {
		return err
	}
	_, err := endpoint(dockerCli.ContextStore(), dockerCli.CurrentContext())
	if errdefs.IsNotFound(err) {
		err = hint.Wrap(err, "`docker context ls` lists them; --context, DOCKER_CONTEXT or `docker context use` has named this one")
	}
	return err
}

// endpoint returns where the engine of a docker context is. Without such a context the error satisfies errdefs.IsNotFound.
func endpoint(contexts store.Reader, name string) (ep dockercontext.Endpoint, err error) {
	meta, err := contexts.GetMetadata(name)
	if errdefs.IsNotFound(err) {
		return ep, noContextError(name)
	}
	if err == nil {
		var of dockercontext.EndpointMeta
		if of, err = dockercontext.EndpointFromContext(meta); err == nil {
			ep, err = dockercontext.WithTLSData(contexts, name, of)
		}
	}
	if err == nil {
		_, err = ep.ClientOpts()
	}
	var file *fs.PathError
	if errors.As(err, &file) {
		return ep, hint.Wrap(fmt.Errorf("docker's TLS certificates cannot be read: %w", err),
			"DOCKER_TLS_VERIFY and --tlsverify want ca.pem, cert.pem and key.pem in DOCKER_CERT_PATH, else in docker's configuration folder")
	}
	if err != nil {
		return ep, hint.Wrap(fmt.Errorf("docker knows no engine: %w", err), "DOCKER_HOST is unix://PATH, ssh://USER@HOST or tcp://HOST:PORT")
	}
	return ep, nil
}

// noContextError says that docker has no context with that name.
type noContextError string

func (e noContextError) Error() string { return fmt.Sprintf("no docker context %q", string(e)) }

// NotFound makes errdefs know the kind of error.
func (noContextError) NotFound() {}
