package engine

import (
	"context"
	"errors"
	"strconv"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"

	"github.com/docker-bmo/docker-bmo/internal/label"
)

// relayCommand returns the command that relays to a port of an address.
func relayCommand(address string, port int) []string {
	return []string{"bash", "-c", relay, address, strconv.Itoa(port)}
}

// startRelay starts a relay and waits until it runs. If the container cannot run it, the error is a *noWayError.
func (e *Engine) startRelay(ctx context.Context, id string, command []string) (Prepared, error) {
	r, err := e.execRelay(ctx, id, "", command)
	if err != nil {
		if cannotRun(err) {
			return nil, &noWayError{relayError(err.Error())}
		}
		return nil, err
	}
	if err = r.started(ctx); err == nil {
		return r, nil
	}
	r.Close()
	var none *noProgramError
	if errors.As(err, &none) {
		return nil, &noWayError{err}
	}
	return nil, err
}

// startBash is startRelay for a relay that needs bash; an image without it is not tried again.
func (e *Engine) startBash(ctx context.Context, id, image string, command []string) (Prepared, error) {
	p, err := e.startRelay(ctx, id, command)
	var none *noWayError
	if errors.As(err, &none) {
		e.reaches.setBare(image)
	}
	return p, err
}

// ownBash is the way through bash in the container itself.
type ownBash struct {
	e         *Engine
	id, image string
}

func (b *ownBash) String() string { return "bash in its image" }

func (b *ownBash) serves(int) bool { return true }

func (b *ownBash) inside() bool { return true }

func (b *ownBash) prepare(ctx context.Context, port int) (Prepared, error) {
	return b.e.startBash(ctx, b.id, b.image, relayCommand(Loopback, port))
}

// otherBash is the way through bash in another container of the same network.
type otherBash struct {
	e       *Engine
	target  container.InspectResponse
	network string
	address string // of the target

	// chosen is the container that has bash. While the way is not proven, one at a time tries it and may set this; after
	// that it is only read.
	chosen string
}

func (b *otherBash) String() string { return "bash in another container" }

func (b *otherBash) serves(int) bool { return true }

func (b *otherBash) inside() bool { return false }

func (b *otherBash) prepare(ctx context.Context, port int) (Prepared, error) {
	command := relayCommand(b.address, port)
	if b.chosen != "" {
		p, err := b.e.startRelay(ctx, b.chosen, command)
		if IsNotFound(err) || IsConflict(err) { // it has ended
			return nil, &noWayError{err}
		}
		return p, err
	}
	others, err := b.others(ctx)
	if err != nil {
		return nil, err
	}
	for _, c := range others {
		p, err := b.e.startBash(ctx, c.ID, c.ImageID, command)
		var none *noWayError
		switch {
		case err == nil:
			b.chosen = c.ID
			return p, nil
		case !errors.As(err, &none) && !IsNotFound(err) && !IsConflict(err):
			return nil, err
		}
	}
	return nil, &noWayError{errors.New("there is none with it")}
}

// others returns the running containers next to the target whose images are not known to have no bash.
func (b *otherBash) others(ctx context.Context) ([]container.Summary, error) {
	list, err := b.e.api.ContainerList(ctx, container.ListOptions{
		Filters: filters.NewArgs(filters.Arg("network", b.network), filters.Arg("status", "running")),
	})
	if err != nil {
		return nil, Plain(err)
	}
	var others []container.Summary
	for _, c := range list {
		ours := c.Labels[label.Role] == b.target.Config.Labels[label.Role] && !label.IsRelay(c.Labels)
		if ours && c.ID != b.target.ID && !b.e.reaches.isBare(c.ImageID) {
			others = append(others, c)
		}
	}
	return others, nil
}
