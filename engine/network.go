package engine

import (
	"context"
	"fmt"
	"net/netip"
	"regexp"

	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/network"
)

// Network is a network of the engine.
type Network struct {
	ID, Name string
	Labels   map[string]string
}

// SubnetsHint says what to do when no subnet is left.
const SubnetsHint = "stop instances (`docker bmo stop`), remove unused networks (`docker network prune`), " +
	"or set DOCKER_BMO_SUBNETS to a range that is larger or not in use"

// subnetTries is how many subnets in a row may turn out to be in use before CreateNetwork gives up.
const subnetTries = 50

// NoSubnetError reports that there are no addresses for another network.
type NoSubnetError struct {
	// Range is where the network was to have its subnet; invalid if the engine was to choose one.
	Range netip.Prefix
	Err   error // what the engine said; may be nil
}

func (e *NoSubnetError) Error() string {
	if !e.Range.IsValid() {
		return "the engine has no address range left for another network"
	}
	return fmt.Sprintf("no subnet of %s is left: networks of the engine or routes of this machine use them", e.Range)
}

// Unwrap returns what the engine said.
func (e *NoSubnetError) Unwrap() error { return e.Err }

// Hint says what to do about it.
func (e *NoSubnetError) Hint() string { return SubnetsHint }

// CreateNetwork makes a bridge network with that name, whose subnet has addresses for so many containers, and returns its
// identifier. The name is a lock: IsConflict reports that it is taken. The error is a *NoSubnetError when there are no
// addresses left.
//
// The subnet is a part of the range that SetSubnets has set. The engine alone decides whether it is free; when it is not,
// another one is tried. Where the whole range is part of a route of this machine, the engine's own pools serve instead.
func (e *Engine) CreateNetwork(ctx context.Context, name string, labels map[string]string, hosts int) (string, error) {
	parts := newSubnets(e.subnets, hosts, prefixes(e.routes()))
	if parts.free() == 0 {
		if err := e.spoken(ctx, parts); err != nil {
			return "", fmt.Errorf("create network %s: %w", name, err)
		}
		return e.createNetwork(ctx, name, labels, netip.Prefix{})
	}
	var refused error
	for try := 1; try <= subnetTries; try++ {
		p, ok := parts.take()
		if !ok {
			break
		}
		id, err := e.createNetwork(ctx, name, labels, p)
		switch {
		case err != nil && !isOverlap(err):
			return "", err
		case err == nil && !e.shadowed(p, id):
			return id, nil
		case err == nil:
			if err := e.RemoveNetwork(ctx, id); err != nil {
				return "", err
			}
		case refused == nil:
			used, err := e.usedSubnets(ctx)
			if err != nil {
				return "", err
			}
			parts.taken = append(parts.taken, used...)
		}
		refused = err
		parts.taken = append(parts.taken, p)
	}
	return "", fmt.Errorf("create network %s: %w", name, &NoSubnetError{Range: e.subnets, Err: refused})
}

// spoken returns an error if networks of the engine use some of a range of which nothing is free: then the range is not
// one that cannot be used here at all.
func (e *Engine) spoken(ctx context.Context, parts *subnets) error {
	if !e.subnets.IsValid() {
		return nil
	}
	used, err := e.usedSubnets(ctx)
	if err != nil {
		return err
	}
	for _, u := range used {
		if u.Overlaps(parts.within) {
			return &NoSubnetError{Range: parts.within}
		}
	}
	return nil
}

// createNetwork makes a network with that subnet, or one of the engine's choice.
func (e *Engine) createNetwork(ctx context.Context, name string, labels map[string]string, subnet netip.Prefix) (string, error) {
	ctx, done, err := settling(ctx)
	if err != nil {
		return "", err
	}
	defer done()
	options := network.CreateOptions{Driver: "bridge", Labels: labels}
	if subnet.IsValid() {
		options.IPAM = &network.IPAM{Config: []network.IPAMConfig{{Subnet: subnet.String()}}}
	}
	n, err := e.api.NetworkCreate(ctx, name, options)
	if err != nil && poolsExhausted.MatchString(err.Error()) {
		err = &NoSubnetError{Err: Plain(err)}
	}
	if err != nil {
		return "", fmt.Errorf("create network %s: %w", name, Plain(err))
	}
	return n.ID, nil
}

// poolsExhausted matches what engines say that have no subnet left of their own: up to 27, and since 28.
var poolsExhausted = regexp.MustCompile(`non-overlapping|predefined address pools have been fully subnetted`)

// overlap matches what engines say of a subnet that is in use: by any network, and by one with a bridge.
var overlap = regexp.MustCompile(`Pool overlaps with other one|networks have overlapping IPv4`)

func isOverlap(err error) bool { return err != nil && overlap.MatchString(err.Error()) }

// bridgeName is what the engine calls the bridge of a network.
func bridgeName(network string) string { return "br-" + network[:min(len(network), 12)] }

// shadowed reports whether another interface of this machine has come to use a subnet at the same time as the network:
// that of another engine, say, which no engine but that one knows of.
func (e *Engine) shadowed(subnet netip.Prefix, network string) bool {
	for _, r := range e.routes() {
		if r.to.Overlaps(subnet) && r.device != bridgeName(network) {
			return true
		}
	}
	return false
}

// usedSubnets returns the IPv4 subnets of the engine's networks.
func (e *Engine) usedSubnets(ctx context.Context) (used []netip.Prefix, err error) {
	list, err := e.api.NetworkList(ctx, network.ListOptions{Filters: filters.NewArgs(filters.Arg("driver", "bridge"))})
	if err != nil {
		return nil, fmt.Errorf("list networks: %w", Plain(err))
	}
	for _, n := range list {
		for _, c := range n.IPAM.Config {
			if p, err := netip.ParsePrefix(c.Subnet); err == nil && p.Addr().Is4() {
				used = append(used, p.Masked())
			}
		}
	}
	return used, nil
}

// Subnets counts the networks, each with so many containers, that there are addresses for in all, whatever has them now.
// Of the engine's own pools nothing is known.
func (e *Engine) Subnets(hosts int) (n int, known bool) {
	if !e.subnets.IsValid() {
		return 0, false
	}
	return 1 << (max(subnetBits(hosts), e.subnets.Bits()) - e.subnets.Bits()), true
}

func (e *Engine) freeSubnets(used []netip.Prefix, hosts int) int {
	return newSubnets(e.subnets, hosts, append(used, prefixes(e.routes())...)).free()
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
