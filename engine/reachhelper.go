package engine

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/rand"
	_ "embed" // for the relays
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/docker/docker/api/types/container"

	"github.com/docker-bmo/docker-bmo/internal/label"
)

// The relays are compiled from relay/relay.c by hack/static.
var (
	//go:embed relay/relay-amd64
	relayAMD64 []byte
	//go:embed relay/relay-arm64
	relayARM64 []byte

	relays = map[string][]byte{"amd64": relayAMD64, "arm64": relayARM64}
)

// relayPath is where the relay is in the helper's container.
const relayPath = "/docker-bmo-relay"

// nobody is the user that it runs as, a number since an image need not have users.
const nobody = "65534:65534"

// helperTimeout is how long making or removing a helper may take.
const helperTimeout = time.Minute

// helper is the way through a container that shares the network of another one. It is made of the same image, so that
// nothing has to be pulled, and of the relay, which needs nothing of an image.
type helper struct {
	e  *Engine
	of string // identifier of the container

	mu   sync.Mutex
	made chan struct{} // closed when making it has ended; nil before it has begun
	id   string
	err  error
	gone bool
}

func (h *helper) String() string { return "a container next to it" }

func (h *helper) serves(int) bool { return true }

func (h *helper) inside() bool { return true }

func (h *helper) prepare(ctx context.Context, port int) (Prepared, error) {
	id, err := h.ensure(ctx)
	if err != nil {
		return nil, err
	}
	p, err := h.e.startRelay(ctx, id, []string{relayPath, strconv.Itoa(port)})
	if IsNotFound(err) || IsConflict(err) { // somebody has removed or ended it
		h.forget(id)
	}
	return p, err
}

// ensure returns the helper's container, which it makes if there is none. Making it goes on when ctx is done: an attempt
// to connect may be shorter than that takes, and the next one needs it as well.
func (h *helper) ensure(ctx context.Context) (string, error) {
	h.mu.Lock()
	if h.gone {
		h.mu.Unlock()
		return "", fmt.Errorf("container %s is no longer in use", h.of)
	}
	if h.made == nil {
		made := make(chan struct{})
		h.made = made
		go func() {
			defer close(made)
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), helperTimeout)
			defer cancel()
			h.id, h.err = h.make(ctx)
		}()
	}
	made := h.made
	h.mu.Unlock()
	select {
	case <-made:
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	id, err := h.id, h.err
	if err != nil && h.made == made {
		h.made = nil
	}
	return id, err
}

// forget makes the next attempt begin anew.
func (h *helper) forget(id string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.id == id {
		h.made = nil
	}
}

// remove removes the container, if there is one, and makes no other.
func (h *helper) remove(ctx context.Context) {
	h.mu.Lock()
	h.gone = true
	made := h.made
	h.mu.Unlock()
	if made == nil {
		return
	}
	select {
	case <-made:
	case <-ctx.Done():
		return
	}
	if h.id != "" {
		_ = h.e.RemoveContainer(ctx, h.id)
	}
}

// make makes and starts the container. If the engine refuses it, the error is a *noWayError.
func (h *helper) make(ctx context.Context) (string, error) {
	program, err := h.e.relayProgram(ctx)
	if err != nil {
		return "", err
	}
	return h.e.nextTo(ctx, h.of, program, []string{relayPath, "sleep"})
}

// relayProgram returns the relay for the engine's processor, or a *noWayError.
func (e *Engine) relayProgram(ctx context.Context) ([]byte, error) {
	arch, _ := e.arch.Load().(string)
	if arch == "" {
		v, err := e.api.ServerVersion(ctx)
		if err != nil {
			return nil, Plain(err)
		}
		arch = v.Arch
	}
	program, ok := relays[arch]
	if !ok {
		return nil, &noWayError{fmt.Errorf("there is no relay for %s", arch)}
	}
	return program, nil
}

// nextTo starts a relay in a container of its own, which shares the network of another one. If the engine refuses it, the
// error is a *noWayError.
func (e *Engine) nextTo(ctx context.Context, of string, program []byte, command []string) (string, error) {
	c, err := e.api.ContainerInspect(ctx, of)
	if err != nil {
		return "", Plain(err)
	}
	id, err := e.createNextTo(ctx, c, command)
	if err == nil {
		err = e.api.CopyToContainer(ctx, id, "/", executable(relayPath[1:], program), container.CopyToContainerOptions{})
	}
	if err == nil {
		err = e.api.ContainerStart(ctx, id, container.StartOptions{})
	}
	if err == nil {
		return id, nil
	}
	if id != "" {
		_ = e.RemoveContainer(context.WithoutCancel(ctx), id)
	}
	// A conflict is a container that has ended meanwhile.
	if ctx.Err() != nil || broken(err) || IsConflict(err) || IsNotFound(err) {
		return "", Plain(err)
	}
	return "", &noWayError{Plain(err)}
}

func (e *Engine) createNextTo(ctx context.Context, of container.InspectResponse, command []string) (string, error) {
	b := make([]byte, 3)
	_, _ = rand.Read(b) // never fails, according to crypto/rand
	name := strings.TrimPrefix(of.Name, "/") + "-relay-" + hex.EncodeToString(b)
	c, err := e.api.ContainerCreate(ctx, &container.Config{
		Image: of.Config.Image, Entrypoint: command[:1], Cmd: command[1:], User: nobody, WorkingDir: "/",
		Labels: label.OfRelay(of.ID, of.Config.Labels), StopSignal: "SIGKILL",
		Healthcheck: &container.HealthConfig{Test: []string{"NONE"}},
	}, &container.HostConfig{
		NetworkMode: container.NetworkMode("container:" + of.ID), CapDrop: []string{"ALL"},
		SecurityOpt: []string{"no-new-privileges"}, LogConfig: container.LogConfig{Type: "none"},
	}, nil, nil, name)
	return c.ID, err
}

// executable returns an archive of one program.
func executable(name string, program []byte) *bytes.Buffer {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	_ = w.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: int64(len(program)), Typeflag: tar.TypeReg})
	_, _ = w.Write(program) // a buffer does not fail
	_ = w.Close()
	return &b
}
