package engine

import (
	"context"
	"fmt"
	"strings"

	"github.com/docker/docker/api/types/network"

	"github.com/docker-bmo/docker-bmo/internal/hint"
)

// Network is a network of the engine.
type Network struct {
	ID, Name string
	Labels   map[string]string
}

// CreateNetwork makes a bridge network with that name and returns its identifier. The name is a lock: IsConflict
// reports that it is taken.
func (e *Engine) CreateNetwork(ctx context.Context, name string, labels map[string]string) (string, error) {
	ctx, done, err := settling(ctx)
	if err != nil {
		return "", err
	}
	defer done()
	n, err := e.api.NetworkCreate(ctx, name, network.CreateOptions{Driver: "bridge", Labels: labels})
	if err != nil && strings.Contains(err.Error(), "non-overlapping") {
		return "", hint.Wrap(fmt.Errorf("create network %s: the engine has no address range left for another network", name),
			"stop instances (`docker bmo stop`), remove unused networks (`docker network prune`), or add to default-address-pools in the engine's configuration")
	}
	if err != nil {
		return "", fmt.Errorf("create network %s: %w", name, Plain(err))
	}
	return n.ID, nil
}

// Networks lists the networks that have all of the labels.
func (e *Engine) Networks(ctx context.Context, labels ...string) ([]Network, error) {
	list, err := e.api.NetworkList(ctx, network.ListOptions{Filters: labelFilter(labels)})
	if err != nil {
		return nil, fmt.Errorf("list networks: %w", Plain(err))
	}
	networks := make([]Network, len(list))
	for i, n := range list {
		networks[i] = Network{ID: n.ID, Name: n.Name, Labels: n.Labels}
	}
	return networks, nil
}

// RemoveNetwork removes a network; it is no error if the network is already gone.
func (e *Engine) RemoveNetwork(ctx context.Context, id string) error {
	if err := e.api.NetworkRemove(ctx, id); err != nil && !IsNotFound(err) {
		return fmt.Errorf("remove network %s: %w", id, Plain(err))
	}
	return nil
}
